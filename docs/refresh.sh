#!/usr/bin/env bash
# Updates what the documentation shows: refresh.sh [--check]. README.md, docs/command.md and the pages of docs/handbook
# are written by hand, except for
#   - what follows a line "$ …" in a block "console": the command's output,
#   - a block "cpp" of the handbook's page E07: the body of the function e7 of examples/handbook.cpp,
#   - a block "cpp" of README.md: the lines of examples/first_jacobian.cpp that make the Jacobian,
#   - the handbook's table of contents: functions and derivatives, from the pages' `kronvec derive`,
#   - the handbook's pictures: what the commands write.
# With --check it writes nothing, and the exit status is 1 if a file is out of date. It does not compare measured numbers,
# or pictures, because the bytes of a PNG depend on zlib. KRONVEC names the command, if it is not that of the release
# build.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
handbook=$root/docs/handbook
kronvec=$(realpath "${KRONVEC:-$root/build/release/bin/kronvec}")
fresh=$(mktemp -d)
trap 'rm -rf "$fresh"' EXIT
mkdir "$fresh/bin"
ln -s "$kronvec" "$(dirname "$kronvec")/example_first_jacobian" "$fresh/bin/"
export PATH="$fresh/bin:$PATH"

# The output of a command, which runs in the folder of the fresh pages. It may be refused (2), not fail.
output() {
  local status=0
  (cd "$fresh" && bash -c "$1") </dev/null 2>&1 || status=$?
  ((status == 0 || status == 2)) || { echo "refresh.sh: exit status $status: $1" >&2; return 1; }
}

# The code that FILE shows.
snippet() {
  local source=$root/examples/handbook.cpp head last='^}$'
  if [[ $1 == "$root/README.md" ]]; then
    source=$root/examples/first_jacobian.cpp head='  namespace kv = kronvec;' last='std::printf'
    printf '%s\n' '#include <kronvec/kronvec.hpp>' 'namespace kv = kronvec;' ''
  else
    head="void e$((10#$(basename "$1" .md | tr -d E)))() {"
  fi
  awk -v head="$head" -v last="$last" '
    $0 ~ last { inside = 0 }
    inside { sub(/^  /, ""); print; lines++ }
    $0 == head { inside = 1 }
    END { exit !lines }' "$source"
}

# FILE with all that is generated anew.
refreshed() {
  local line block=text first=
  while IFS= read -r line; do
    case "$block:$line" in
      'text:```console') block=console && first=yes ;;
      'text:```cpp') block=cpp && line+=$'\n'$(snippet "$1") ;;
      'console:```' | 'cpp:```') block=text ;;
      'console:$ '*)
        [[ $first ]] || echo
        first=
        line+=$'\n'$(output "${line#'$ '}")
        ;;
      console:* | cpp:*) continue ;; # what was generated before
    esac
    printf '%s\n' "$line"
  done <"$1"
}

# A row for every `kronvec derive` of the pages.
contents() {
  awk '
    { page = FILENAME; sub(/.*\//, "", page) }
    function row() {
      if (function_) print "| " link " | " title " | `" function_ "` | " by " | `" derivative names "` |"
      if (function_) link = title = ""
      function_ = derivative = names = by = ""
    }
    /^# / && FNR == 1 { at = index($0, ". "); link = "[" substr($0, 3, at - 3) "](" page ")"; title = substr($0, at + 2) }
    /^[$] kronvec|^```$/ { row(); where = 0 }
    /^[$] kronvec derive / { derive = 1; next }
    /^[$]|^```/ { derive = 0 }
    derive && !function_ && sub(/^[A-Z] = /, "") { function_ = $0 }
    derive && /^Jacobian / { by = $0; sub(/^.*\/∂(\(vec )?/, "", by); sub(/\)?ᵀ.*/, "", by) }
    derive && /^  ∇F = / { derivative = substr($0, 3) }
    derive && /^  J = / && !derivative { derivative = substr($0, 3) }
    derive && where && /^  [^ ]+ = / { names = names ", " substr($0, 3) }
    derive && /^where$/ { where = 1 }' "$@"
}

# FILE without the numbers that differ from run to run: times and rates, errors, memory.
without_measurements() {
  sed -E -e 's/[0-9.]+ (ms|s|GB\/s|GFLOP\/s|KiB|MiB) /# \1 /g; s/[0-9.]+ (ms|s|GB\/s|GFLOP\/s),/# \1,/g; s/[0-9.]+ times/# times/g' \
    -e '/  ok$/ { s/ +[0-9.]+(e[-+][0-9]+)?( |$)/ # /g; s/ +[0-9.]+(e[-+][0-9]+)? / # /g; }' "$1"
}

mkdir "$fresh/docs"
refreshed "$root/README.md" >"$fresh/docs/README.md"
refreshed "$root/docs/command.md" >"$fresh/docs/command.md"
for page in "$handbook"/E*.md; do
  refreshed "$page" >"$fresh/$(basename "$page")"
done
rows=$(contents "$fresh"/E*.md) awk '
  /^\|/ && ++line > 2 { next }
  { print }
  line == 2 { print ENVIRON["rows"]; line = 3 }' "$handbook/README.md" >"$fresh/README.md"

if [[ ${1:-} == --check ]]; then
  for page in README.md docs/command.md; do
    diff -u --label "$page" --label "$page, refreshed" <(without_measurements "$root/$page") \
      <(without_measurements "$fresh/docs/$(basename "$page")") || status=1
  done
  cd "$handbook"
  for page in *.md; do
    diff -u "$page" "$fresh/$page" || status=1
  done
  # Pictures that pages show, that commands write, that are there: the same ones.
  pictures() { printf '%s\n' "$@" | xargs -n 1 basename | sort -u; }
  diff <(grep -oh 'src="[^"]*' E*.md | cut -d'"' -f2 | sort -u) <(pictures "$fresh"/*.png) || status=1
  diff <(pictures ./*.png) <(pictures "$fresh"/*.png) || status=1
  exit "${status:-0}"
fi
cp "$fresh/docs/README.md" "$root/"
cp "$fresh/docs/command.md" "$root/docs/"
rm -f "$handbook"/*.png
cp "$fresh"/*.md "$fresh"/*.png "$handbook/"
