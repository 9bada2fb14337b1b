#!/usr/bin/env bash
# Brings the handbook up to date: refresh.sh [--check]. A page is written by hand, except for
#   - what follows a line "$ kronvec …" in a block "console": the command's output,
#   - a block "cpp" of page E07: the body of the function e7 of examples/handbook.cpp,
#   - README.md's table of contents: functions and derivatives, from the pages' `kronvec derive`,
#   - pictures: what the commands write.
# With --check nothing is written, and the exit status is 1 where a page is out of date (pictures are not compared: the
# bytes of a PNG depend on zlib). KRONVEC names the command, if it is not that of the release build.
set -euo pipefail
handbook=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$handbook/../.." && pwd)
kronvec=$(realpath "${KRONVEC:-$root/build/release/bin/kronvec}")
fresh=$(mktemp -d)
trap 'rm -rf "$fresh"' EXIT
mkdir "$fresh/bin"
ln -s "$kronvec" "$fresh/bin/kronvec"
export PATH="$fresh/bin:$PATH"

# The output of a command of a page, which runs in the folder of the fresh pages. It may be refused (2), not fail.
output() {
  local status=0
  (cd "$fresh" && bash -c "$1") </dev/null 2>&1 || status=$?
  ((status == 0 || status == 2)) || { echo "refresh.sh: exit status $status: $1" >&2; return 1; }
}

# The body of a function of examples/handbook.cpp.
snippet() {
  awk -v head="void $1() {" '
    $0 == "}" { inside = 0 }
    inside { sub(/^  /, ""); print; lines++ }
    $0 == head { inside = 1 }
    END { exit !lines }' "$root/examples/handbook.cpp"
}

# The page FILE with all that is generated anew.
refreshed() {
  local function line block=text first=
  function=e$((10#$(basename "$1" .md | tr -d E)))
  while IFS= read -r line; do
    case "$block:$line" in
      'text:```console') block=console && first=yes ;;
      'text:```cpp') block=cpp && line+=$'\n'$(snippet "$function") ;;
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

for page in "$handbook"/E*.md; do
  refreshed "$page" >"$fresh/$(basename "$page")"
done
rows=$(contents "$fresh"/E*.md) awk '
  /^\|/ && ++line > 2 { next }
  { print }
  line == 2 { print ENVIRON["rows"]; line = 3 }' "$handbook/README.md" >"$fresh/README.md"

if [[ ${1:-} == --check ]]; then
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
rm -f "$handbook"/*.png
cp "$fresh"/*.md "$fresh"/*.png "$handbook/"
