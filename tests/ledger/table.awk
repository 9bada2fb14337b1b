# Prints the tables of the ledger from the output of its tests, and from tests/ledger/statements.tsv:
#   kronvec_tests --gtest_filter='*Ledger*' | awk -f tests/ledger/table.awk - file=rows tests/ledger/statements.tsv
# A line of tests/ledger/statements.tsv is a row (row, identity, conditions, source) or the headline of a section (letter, title).
# Prints no table if a row has no test or a test has no row.
BEGIN { FS = "\t" }

function refuse(message) {
  print "ledger: " message >"/dev/stderr"
  refused = 1
}

# A test that ended: "[       OK ] SUITE.ROW_Name/parameter (1 ms)". All parameters are one test, SUITE.ROW_Name/*.
file != "rows" && /^\[ +(OK|FAILED) +\] .* ms\)$/ {
  test = $0
  sub(/^\[[^]]*\] /, "", test)
  sub(/[ ,].*/, "", test)
  sub(/^Ledger\/[0-9]+\./, "Ledger/*.", test)
  sub(/\/[^.\/]*$/, "/*", test)
  row = test
  sub(/^[^.]*\./, "", row)
  if (!sub(/[_\/].*$/, "", row) || row !~ /^[A-Z][0-9]+$/) next # a test without a row
  if (!seen[test]++) tests[row] = tests[row] (tests[row] ? ", " : "") "`" test "`"
  if ($0 ~ /FAILED/) fails[row] = 1
}
file != "rows" { next }

NF == 2 {
  page = page (page ? "\n" : "") "## " $1 ". " $2 "\n\n"
  page = page "| row | identity | conditions | source | tests | result |\n|---|---|---|---|---|---|\n"
}
NF == 4 {
  if (stated[$1]++) refuse("row " $1 " has two lines in tests/ledger/statements.tsv")
  if (!tests[$1]) refuse("row " $1 " of tests/ledger/statements.tsv has no test")
  gsub(/\|/, "\\|")
  page = page "| " $1 " | " $2 " | " $3 " | " $4 " | " tests[$1] " | " ($1 in fails ? "FAILS" : "holds") " |\n"
}
NF != 2 && NF != 4 { refuse("line " FNR " of tests/ledger/statements.tsv has " NF " fields, not 2 or 4") }

END {
  for (row in tests)
    if (!stated[row]) refuse("row " row " has a test, but no line in tests/ledger/statements.tsv")
  if (refused) exit 1
  printf "%s", page
}
