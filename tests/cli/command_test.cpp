/// The command as a user runs it: output, messages, exit statuses, and the files that it leaves.

#include "tests/testing.hpp"

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <sys/stat.h>
#include <sys/wait.h>

namespace kronvec::testing {
namespace {

namespace fs = std::filesystem;

struct Outcome {
  int status;
  std::string out, err;
};

std::string contents(const fs::path &path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

class Command : public ::testing::Test {
protected:
  Command() {
    std::string name = (fs::temp_directory_path() / "kronvec-XXXXXX").string();
    dir_ = mkdtemp(name.data());
  }
  ~Command() override { fs::remove_all(dir_); }

  /// Runs the command in its own directory; `arguments` are as in a shell.
  Outcome run(const std::string &arguments) const {
    const std::string line =
        "cd " + dir_.string() + " && { " KRONVEC_COMMAND " " + arguments + "\n} >stdout.txt 2>stderr.txt";
    const int status = std::system(line.c_str());
    Outcome outcome{WEXITSTATUS(status), contents(dir_ / "stdout.txt"), contents(dir_ / "stderr.txt")};
    fs::remove(dir_ / "stdout.txt"), fs::remove(dir_ / "stderr.txt");
    return outcome;
  }

  void expect_refusal(const std::string &arguments, int status, const std::string &message) const {
    const Outcome outcome = run(arguments);
    EXPECT_EQ(outcome.status, status) << arguments << "\n" << outcome.err;
    EXPECT_NE(outcome.err.find(message), std::string::npos) << arguments << "\n" << outcome.err;
    EXPECT_EQ(outcome.err.rfind("kronvec: ", 0), 0u) << outcome.err;
    EXPECT_EQ(outcome.out, "") << arguments;
  }

  void write(const char *name, const std::string &bytes) const {
    std::ofstream(dir_ / name, std::ios::binary) << bytes;
  }
  std::size_t files() const {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator(dir_), fs::directory_iterator()));
  }

  fs::path dir_;
};

TEST_F(Command, WritesAJacobianThatReadsBack) {
  const Outcome j = run("jacobian 'A*exp(X*B)' --wrt X A=4x3 B=2x5 X=3x2 --out J.npy --picture J.png");
  EXPECT_EQ(j.status, 0) << j.err;
  EXPECT_NE(j.err.find("J.npy: 20×6, numerator layout"), std::string::npos) << j.err;
  EXPECT_EQ(files(), 2u);
  const auto dense = read_matrix<double>(dir_ / "J.npy");
  // J·vec(dX), computed by the command and from the file.
  const Outcome y = run("jvp 'A*exp(X*B)' --wrt X A=4x3 B=2x5 X=3x2 --tangent '[1,0;0,2;0,0]' --out y.npy");
  EXPECT_EQ(y.status, 0) << y.err;
  const Matrix<double> dx{{1}, {0}, {0}, {0}, {2}, {0}};
  EXPECT_TRUE(near(vec(read_matrix<double>(dir_ / "y.npy")), product(dense, dx), 1e-13));
}

#ifdef _OPENMP
TEST_F(Command, ItsThreadsDoNotSpinForLong) {
  const auto turns = [&](const std::string &settings) {
    const std::string command = "env -u OMP_WAIT_POLICY -u GOMP_SPINCOUNT OMP_DISPLAY_ENV=verbose " + settings;
    EXPECT_EQ(std::system(("cd " + dir_.string() + " && " + command + KRONVEC_COMMAND " info 2>shown.txt >&2").c_str()),
              0);
    const std::string shown = contents(dir_ / "shown.txt"), name = "GOMP_SPINCOUNT = '";
    const std::size_t at = shown.find(name);
    return at == std::string::npos
               ? shown
               : shown.substr(at + name.size(), shown.find('\'', at + name.size()) - at - name.size());
  };
  EXPECT_EQ(turns(""), "3000");
  EXPECT_EQ(turns("GOMP_SPINCOUNT=7 "), "7"); // the user's setting
  EXPECT_EQ(turns("OMP_WAIT_POLICY=passive "), "0");
}
#endif

TEST_F(Command, WritesASparseJacobianThatIsNeverDense) {
  const Outcome outcome = run("jacobian \"X'*X\" --wrt X 'X=[1,2;3,4;5,6]' --layout denominator --out J.mtx");
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  std::istringstream file(contents(dir_ / "J.mtx"));
  std::string first;
  std::getline(file, first);
  EXPECT_EQ(first, "%%MatrixMarket matrix coordinate real general");
  Index rows = 0, cols = 0, entries = 0;
  file >> rows >> cols >> entries;
  EXPECT_EQ(rows, 6);
  EXPECT_EQ(cols, 4);
  EXPECT_EQ(entries, 18); // 2mn·n positions, mn of which coincide
  Matrix<double> j(6, 4), x{{1, 2}, {3, 4}, {5, 6}}, dense(4, 6);
  double value = 0;
  for (Index i = 0, k = 0; file >> i >> k >> value;)
    j(i - 1, k - 1) = value;
  const Symbol s("X", 3, 2);
  jacobian(transpose(s) * s, s).at({{s, x}}).to_dense(dense, {.method = Method::reference});
  EXPECT_TRUE(near(j, transposed(dense), 1e-14));
  // a dense J of 60×50 would take 57 MiB
  EXPECT_EQ(run("jacobian \"X'*X\" --wrt X X=60x50 --max-memory 25MB --out large.mtx").status, 0);
  expect_refusal("jacobian X --wrt X X=3x2 --out J.txt", 2, "must end in .npy or .mtx");
  expect_refusal("jacobian X --wrt X X=3x2 --out J.mtx --method forward", 2, "structured");
  expect_refusal("jacobian X --wrt X X=300x200 --out J.mtx --max-memory 1kB", 2, "60000 entries");
  expect_refusal("jacobian X --wrt X X=3x2 --out J.mtx --explain", 2, "--explain");
}

TEST_F(Command, WritesAJacobianThatDoesNotFitByRanges) {
  const std::string jacobian = "jacobian 'A*exp(X*B)' --wrt X A=20x20 B=20x20 X=20x20 "; // 400×400: 1.2 MiB
  for (const std::string options :
       {"", "--layout denominator", "--method reverse", "--dtype float32 --method forward"}) {
    EXPECT_EQ(run(jacobian + options + " --out whole.npy").err.find("ranges"), std::string::npos);
    const Outcome outcome = run(jacobian + options + " --max-memory 400kB --out J.npy");
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    EXPECT_EQ(outcome.err.rfind("kronvec: note: J is 400×400 and would take ", 0), 0u) << outcome.err;
    EXPECT_NE(outcome.err.find(", 390.6 KiB may be held: it goes to J.npy by ranges of columns\nJ.npy: 400×400, "),
              std::string::npos)
        << outcome.err;
    EXPECT_TRUE(near(read_matrix<double>(dir_ / "J.npy"), read_matrix<double>(dir_ / "whole.npy"), 1e-6));
  }
  EXPECT_EQ(files(), 2u);
  fs::remove(dir_ / "J.npy"), fs::remove(dir_ / "whole.npy");
  expect_refusal(jacobian + "--max-memory 15kB --out J.npy", 2, "KiB, --max-memory is 15kB");
  expect_refusal(jacobian + "--max-memory 32kB --out J.npy", 2, "may be held");
  expect_refusal(jacobian + "--max-memory 400kB --out J.npy --picture J.png", 2, "--picture");
  expect_refusal(jacobian + "--max-memory 400kB", 2, "--max-memory is 400kB");
  for (const std::string size : {"e", "1e999", "1.5.5", "-1", "nan", "inf", "+", "2 gib", "2GiBB", " "})
    expect_refusal(jacobian + "--max-memory='" + size + "'", 2, "a size is 2GiB, 500MB or a number of bytes");
  EXPECT_EQ(run(jacobian + "--max-memory '2 MiB'").status, 0);
  expect_refusal("jacobian 'exp(X)' --wrt X X=2000x2000 --out J.npy", 2, "J.npy would take 116.4 TiB, its disk has ");
  EXPECT_EQ(files(), 0u);
}

TEST_F(Command, LeavesNothingOfAJacobianThatIsNotWhole) {
  // 3600×3600, 99 MiB; the element method takes seconds for it. Whoever runs the tests may ignore SIGHUP (nohup).
  const std::string command = "env --default-signal=HUP " KRONVEC_COMMAND
                              " jacobian 'X*X*X' --wrt X X=60x60 --method reference --max-memory 2MB "
                              "--out J.npy 2>stderr.txt";
  const auto shell = [&](const std::string &line) {
    const int status = std::system(("cd " + dir_.string() + "; exec 2>/dev/null; " + line).c_str());
    fs::remove(dir_ / "stderr.txt");
    return WEXITSTATUS(status);
  };
  EXPECT_EQ(shell("ulimit -f 10; " + command), 3);
  EXPECT_EQ(files(), 0u);
  for (const auto &[signal, number] : {std::pair("TERM", SIGTERM), {"HUP", SIGHUP}, {"KILL", SIGKILL}}) {
    const int status =
        shell(command + " & for i in $(seq 500); do grep -qs ranges stderr.txt && break; sleep 0.02; done; kill -" +
              signal + " $!; wait $!");
    EXPECT_EQ(status, 128 + number) << signal;
    EXPECT_EQ(files(), 0u) << signal;
  }
}

TEST_F(Command, ExplainsHowAJacobianIsWritten) {
  const Outcome outcome = run("jacobian 'A*exp(X*B)' --wrt X A=4x3 B=2x5 X=3x2 --explain");
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  for (const char *part : {"J is 20×6", "J[i + 4·j, k + 3·l] = ", "A[i + 4·k]", "exp(X*B)", "method: structured"})
    EXPECT_NE(outcome.out.find(part), std::string::npos) << part << " in:\n" << outcome.out;
}

TEST_F(Command, PrintsNumbersThatReadBack) {
  const Outcome x = run("evaluate '-X*2' 'X=[1,2;3,0.1]'");
  EXPECT_EQ(x.status, 0) << x.err;
  EXPECT_EQ(x.out, "-2,-4\n-6,-0.2\n");
  EXPECT_EQ(run("evaluate 'X' 'X=[nan,1]'").out, "nan,1\n");
  EXPECT_EQ(run("evaluate 'log(X)' 'X=[-1,1]'").out, "nan,0\n"); // without the sign that the processor gives it
  EXPECT_EQ(run("evaluate 'X+1' X=zeros\\(0,3\\)").status, 0);
  EXPECT_EQ(run("vjp 'A*X' --wrt X 'A=[1,2]' 'X=[3;4]' --cotangent 2").out, "2\n4\n");
  EXPECT_EQ(run("jacobian \"X'\" --wrt X X=1x2 --layout denominator --dtype float32").out, "1,0\n0,1\n");
}

TEST_F(Command, ComparesAndInforms) {
  const Outcome c = run("compare 'A*exp(X*B)' --wrt X A=4x3 B=2x5 X=3x2");
  EXPECT_EQ(c.status, 0) << c.out << c.err;
  for (const char *word : {"reference", "cpu", "forward", "reverse", "numeric", "complex", "structured, 3 points",
                           "forward, 3 points", "reverse, 3 points", "ok", "element method"})
    EXPECT_NE(c.out.find(word), std::string::npos) << word;
  EXPECT_EQ(c.err, "");
  const Outcome failed = run("compare 'abs(X)' --wrt X 'X=[0.000001]'"); // central differences step over the corner
  EXPECT_EQ(failed.status, 1) << failed.out;
  EXPECT_NE(failed.out.find("FAILED"), std::string::npos);
  EXPECT_NE(run("info").out.find("OpenBLAS"), std::string::npos);
  EXPECT_EQ(run("--version").out.rfind("kronvec ", 0), 0u);
  EXPECT_NE(run("--help").out.find("exit status:"), std::string::npos);
  EXPECT_NE(run("jacobian --help").out.find("examples:\n  kronvec jacobian "), std::string::npos);
}

TEST_F(Command, RefusesBadRequestsWithOneLineAndAPlace) {
  expect_refusal("evaluate 'A*Q' A=2x2", 2, "symbol 'Q' has no value\n  A*Q\n    ^\n");
  expect_refusal("evaluate 'A*B' A=3x4 B=5x6", 2, "3×4 * 5×6\n  A*B\n   ^\n");
  expect_refusal("evaluate '(A*A' A=2x2", 2, "never closed\n  (A*A\n  ^\n");
  expect_refusal("evaluate ''", 2, "empty");
  expect_refusal("evaluate 'det(A)' A=2x3", 2, "det needs a square matrix, not 2×3");
  expect_refusal("evaluate 'inv(A)' 'A=zeros(2,2)'", 2, "singular");
  expect_refusal("jacobian 'X' --wrt Y X=2x2", 2, "--wrt Y");
  expect_refusal("compare 'X*Y' --wrt X,Y X=2x2 Y=2x2", 2, "takes one variable");
  expect_refusal("jacobian X --wrt X,X X=2x2", 2, "named twice");
  expect_refusal("jacobian X --wrt X --symmetric X=2x3", 2, "square");
  expect_refusal("jacobian X --wrt X --symmetric 'X=[1,2;3,4]'", 2, "entry (0, 1) is 2, entry (1, 0) is 3");
  expect_refusal("gradient X --wrt X X=2x3", 2, "a gradient is of a scalar");
  expect_refusal("hessian X --wrt X X=2x3", 2, "a Hessian is of a scalar, not of 2×3");
  expect_refusal("apply 'K(1000000,1000000)' --to 3x1", 2, "it takes X of 1000000000000×1, not 3×1");
  expect_refusal("apply 'K(3,2)' --to 9999999x9999999", 2, "--to=9999999x9999999 would take ");
  expect_refusal("jacobian X --wrt X X=2x2 --layout diagonal", 2, "layout");
  expect_refusal("jacobian X --wrt X X=2x2 --method magic", 2, "--method: magic not in");
  expect_refusal("evaluate X X=2x2 --device abacus", 2, "no device 'abacus'");
  expect_refusal("evaluate X X=2x2 X=2x3", 2, "twice");
  expect_refusal("evaluate X X=2y2", 2, "X=2y2");
  expect_refusal("evaluate X 'X=[1,2;3]'", 2, "row 2 has 1");
  expect_refusal("evaluate X 2x2", 2, "no binding");
  expect_refusal("jvp X --wrt X X=2x2 --tangent 3x3", 2, "3×3");
  expect_refusal("evaluate X X=200000x200000", 2, "298.0 GiB");
  expect_refusal("jacobian 'exp(X)' --wrt X X=2000x2000", 2, "116.4 TiB");
  expect_refusal("jacobian 'exp(X)' --wrt X X=20x20 --max-memory 1MiB", 2, "--max-memory is 1MiB");
}

TEST_F(Command, AnswersWhereNothingCanBeSaid) {
  const auto status_of = [](const std::string &request) {
    return WEXITSTATUS(std::system((KRONVEC_COMMAND " " + request + " >/dev/null 2>/dev/full").c_str()));
  };
  EXPECT_EQ(status_of("foo"), 2);
  EXPECT_EQ(status_of("evaluate 'A*B' A=2x3 B=2x3"), 2);
  EXPECT_EQ(status_of("evaluate X X=2x2 Y=1x1"), 0); // a note would have been printed
}

TEST_F(Command, FailsWhereItsHelpCannotBePrinted) {
  for (const std::string request : {"--help", "--version", "evaluate --help", "info", "manual", "completion bash"})
    for (const std::string output : {">&-", ">/dev/full"})
      expect_refusal(request + " " + output, 3, "cannot write to standard output");
}

TEST_F(Command, AnswersLongArgumentsWithOneShortLine) {
  const std::string name = "$(printf %80000s | tr ' ' A)", digits = "$(printf %120000s | tr ' ' 1)";
  EXPECT_EQ(run("evaluate " + name + " " + name + "=2").out, "2\n");
  const auto expect_short = [&](const std::string &arguments, const std::string &message) {
    expect_refusal(arguments, 2, message);
    EXPECT_LT(run(arguments).err.size(), 2500u) << arguments;
  };
  expect_short("evaluate " + name, "has no value");
  expect_short("evaluate X X=" + name, "a value is a .npy or .csv file");
  expect_short("evaluate X X=" + name + ".npy", "cannot read");
  expect_short("evaluate X " + name, "is no binding");
  expect_short(name, "no command");
  for (const std::string &size : {digits + "x2", "2x" + digits, "2x2:" + digits, "'eye('" + digits + "')'"})
    expect_short("evaluate X X=" + size, "more than the largest size, 9223372036854775807");
  expect_short("derive X --wrt X X=" + digits + "x2", "more than the largest size");
  expect_short("evaluate " + digits, "a number that no double can hold");
}

TEST_F(Command, ShowsControlCharactersAsText) {
  for (const std::string arguments :
       {"evaluate 'X*\x1b[31mY' X=2", "evaluate X '\x1b[31m=2'", "evaluate X 'X=\x1b[31m'",
        "evaluate X 'X=\x1b[31m.npy'", "'\x1b[31m'", "evaluate X --\x1b[31m", "evaluate X X=2 --dtype '\x1b[31m'",
        "evaluate X X=2 --device '\x1b[31m'", "evaluate X X=2 --out '\x1b[31m.csv'"})
    expect_refusal(arguments, 2, "\\x1b");
  expect_refusal("evaluate 'X+\nX*\x1b' X=2", 2, "unexpected character '\\x1b'\n  X+ X*\\x1b\n       ^\n");
  EXPECT_EQ(run("evaluate X X=2 --out '\x1b[31m.npy'").err, "\\x1b[31m.npy: 1×1, value\n");
}

TEST_F(Command, RefusesBadFiles) {
  expect_refusal("evaluate X X=missing.npy", 2, "missing.npy: no such file");
  write("text.npy", "hello, this is text");
  expect_refusal("evaluate X X=text.npy", 2, "not a .npy file");
  write("words.csv", "1,2\n3,four\n");
  expect_refusal("evaluate X X=words.csv", 2, "line 2, column 2: 'four'");
  write("ragged.csv", "1,2\n3\n");
  expect_refusal("evaluate X X=ragged.csv", 2, "line 2 has 1");
  write("x.txt", "1");
  expect_refusal("evaluate X X=x.txt", 2, ".npy or a .csv");
  fs::create_directory(dir_ / "d.npy");
  expect_refusal("evaluate X X=d.npy", 2, "not a regular file");
}

/// Before any work: a name that cannot be is refused although the value does not exist.
TEST_F(Command, ChecksNamesOfResultsFirst) {
  for (const std::string option : {"--out", "--picture"}) {
    const std::string ending = option == "--out" ? ".npy" : ".png", unfinished = "jacobian 'inv(X)' --wrt X X=2x3 ";
    expect_refusal(unfinished + option + " " + std::string(252, 'x') + ending, 3, "File name too long");
    fs::create_symlink("loop" + ending, dir_ / ("loop" + ending));
    expect_refusal(unfinished + option + " loop" + ending, 3, "Too many levels of symbolic links");
  }
}

TEST_F(Command, WritesThroughSymbolicLinks) {
  fs::create_directory(dir_ / "elsewhere");
  fs::create_symlink("elsewhere/x.npy", dir_ / "link.npy");
  EXPECT_EQ(run("evaluate X X=2x2 --out link.npy").status, 0);
  EXPECT_TRUE(fs::is_symlink(dir_ / "link.npy"));
  EXPECT_TRUE(fs::is_regular_file(dir_ / "elsewhere/x.npy"));
}

TEST_F(Command, ComparesJacobiansThatAreZero) {
  EXPECT_EQ(run("compare A --wrt X A=2x2 X=2x2").status, 0);
  EXPECT_EQ(run("compare 'abs(X)' --wrt X 'X=zeros(2,2)'").status, 0);
}

TEST_F(Command, LeavesNoFileBehindWhenItFails) {
  expect_refusal("evaluate X X=2x2 --out no/such/x.npy", 2, "no directory");
  expect_refusal("jacobian --metod auto", 2, "jacobian has no option --metod");
  EXPECT_EQ(run("manual | head -c 1").err, "") << "a reader may leave";
  fs::create_directory(dir_ / "taken.npy");
  expect_refusal("evaluate X X=2x2 --out taken.npy", 3, "taken.npy");
  expect_refusal("jacobian 'inv(X)' --wrt X 'X=zeros(2,2)' --out J.npy", 2, "singular");
  EXPECT_EQ(files(), 1u); // only the directory
  ASSERT_EQ(mkfifo((dir_ / "pipe.npy").c_str(), 0600), 0);
  expect_refusal("evaluate X X=2x2 --out pipe.npy", 3, "not a regular file");
  EXPECT_TRUE(fs::is_fifo(dir_ / "pipe.npy"));
  expect_refusal("evaluate X X=2x2 --out x.csv", 2, "must end in .npy");
  expect_refusal("jacobian X --wrt X X=2x2 --picture x.jpg", 2, "must end in .png");
  EXPECT_EQ(run("evaluate X X=2x2 >/dev/full; exit $? #").status, 3);
}

TEST_F(Command, AppliesAnOperatorThatIsNeverFormed) {
  write_npy<double>((dir_ / "x.npy").string(), Matrix<double>::random(12, 2, 1));
  const Outcome y = run("apply 'kron(A,B)*K(4,3)' A='[1,2,3;4,5,6]' B='[1,0,-1,2]' --to x.npy --out y.npy");
  EXPECT_EQ(y.status, 0) << y.err;
  EXPECT_EQ(y.err.rfind("y.npy: 2×2, (A ⊗ B)·K[4,3] times X\n(A ⊗ B)·K[4,3] is 2×12, 192 bytes if it were formed: ", 0),
            0u)
      << y.err;
  const Matrix<double> a{{1, 2, 3}, {4, 5, 6}}, b{{1, 0, -1, 2}};
  const Matrix<double> expected = product(kron(a, b), product(commutation(4, 3), Matrix<double>::random(12, 2, 1)));
  EXPECT_TRUE(near(read_matrix<double>(dir_ / "y.npy"), expected, 1e-13));
  const Outcome back = run("apply 'K(4,3)' --transposed --to '[1;2;3;4;5;6;7;8;9;10;11;12]'");
  EXPECT_EQ(back.out, "1\n4\n7\n10\n2\n5\n8\n11\n3\n6\n9\n12\n");
}

/// K[300,200] would be 60000² doubles; X and Y take two of its columns.
TEST_F(Command, SaysWhatAnApplicationTook) {
  for (const char *device : {"reference", "cpu"}) {
    const Outcome k = run(std::string("apply 'K(300,200)' --to 60000x1 --out y.npy --device ") + device);
    EXPECT_EQ(k.status, 0) << k.err;
    EXPECT_NE(k.err.find("K[300,200] is 60000×60000, 26.8 GiB if it were formed: applied in "), std::string::npos)
        << k.err;
    EXPECT_NE(k.err.find(" GB/s, with 937.5 KiB held at most\n"), std::string::npos) << k.err;
  }
  const Outcome d = run("apply 'diag(A)' A=300x200 --to 60000x1 --out y.npy --dtype float32 --device cpu");
  EXPECT_NE(d.err.find("Diag(vec A) is 60000×60000, 13.4 GiB if it were formed: "), std::string::npos) << d.err;
  EXPECT_NE(d.err.find(" GB/s, with 703.1 KiB held at most\n"), std::string::npos) << d.err;
  const Outcome kron = run("apply 'kron(A,A)' A=300x300 --to 90000x1 --out y.npy");
  EXPECT_NE(kron.err.find(" GFLOP/s, with "), std::string::npos) << kron.err;
}

TEST_F(Command, SimplifiesAndSaysWhy) {
  const Outcome s = run("simplify 'K(5,4)*kron(A,B)*K(3,2)' A=4x3 B=5x2");
  EXPECT_EQ(s.status, 0) << s.err;
  EXPECT_NE(s.out.find("K7   K[p,m]·(A ⊗ B)·K[n,q] = B ⊗ A\n"), std::string::npos) << s.out;
  EXPECT_NE(s.out.find("\nB ⊗ A: 128 flops a column\n"), std::string::npos) << s.out;
}

TEST_F(Command, DerivesWithoutNumbers) {
  const Outcome text = run("derive 'A*exp(X*B)' --wrt X");
  EXPECT_EQ(text.status, 0) << text.err;
  EXPECT_NE(text.out.find("\n  J = (Iᵣ ⊗ A)·Diag(vec exp(X·B))·(Bᵀ ⊗ Iₙ)\n"), std::string::npos) << text.out;
  const Outcome sized = run("derive 'A*exp(X*B)' --wrt X X=3x2:7 'B=eye(2)'");
  EXPECT_NE(sized.out.find("\nA m×3, B 2×2, X 3×2, F m×2\n"), std::string::npos) << sized.out << sized.err;
  const Outcome latex = run("derive \"x'*A*x\" --wrt x --format latex"),
                json = run("derive \"x'*A*x\" --wrt x --format json");
  EXPECT_NE(latex.out.find("\\nabla F &= (A + A^{\\mathsf{T}})\\,x"), std::string::npos) << latex.out;
  EXPECT_NE(json.out.find("\"gradient\": \"(A + Aᵀ)·x\""), std::string::npos) << json.out;
}

/// Printed formulas can be read.
TEST_F(Command, EvaluatesPrintedFormulas) {
  const std::string values = " 'A=[1,2;3,4;5,6]' 'X=[1;2]' 'B=[1,-1]'";
  const Outcome j = run("jacobian 'A*(X*B).^2' --wrt X" + values);
  const Outcome formula = run("evaluate '(I₂ ⊗ A)·Diag(vec(2·(X·B)))·(Bᵀ ⊗ I₂)'" + values);
  EXPECT_EQ(j.status, 0) << j.err;
  EXPECT_EQ(formula.out, j.out) << formula.err;
}

TEST_F(Command, RefusesDerivationsThatCannotBe) {
  expect_refusal("derive 'A*X' --wrt X A=3xn X=4xm", 2, "sizes do not agree: n and 4\n  A*X\n   ^");
  expect_refusal("derive 'A*X' --wrt Y", 2, "--wrt Y: no symbol 'Y' is there");
  expect_refusal("derive 'A*X' --wrt A,X", 2, "--wrt A,X: derive takes one variable");
  expect_refusal("derive 'A*X' --wrt X X=mxm A=kxk", 2, "sizes do not agree: k and m");
  expect_refusal("derive 'A*' --wrt A", 2, "the expression ends too early");
  expect_refusal("derive 'A*X' --wrt X --format pdf", 2, "--format");
  expect_refusal("derive 'A*X' --wrt X X=mx", 2, "X=mx: a value is");
  expect_refusal("derive 'X+kron(X,A)' --wrt X A=2x2", 2, "larger than itself");
}

TEST_F(Command, RefusesWhatIsNoOperator) {
  expect_refusal("apply 'kron(A,B)*K(4,2)' A=2x3 B=2x4 --to 12x1", 2,
                 "shapes do not agree: 4×12 * 8×8 in A ⊗ B times K[4,2]\n  kron(A,B)*K(4,2)\n           ^");
  expect_refusal("apply 'kron(A,B)' A=2x3 B=2x4 --to 11x1", 2, "A ⊗ B is 4×12");
  expect_refusal("apply 'exp(A)' A=2x3 --to 3x1", 2, "there is no function 'exp'");
  expect_refusal("apply 'A.*A' A=2x3 --to 3x1", 2, "'.*' has no meaning for operators");
  expect_refusal("apply 'K(2.5,1)' --to 3x1", 2, "a size must be a non-negative integer, not 2.5");
  expect_refusal("apply 'tf32(A)' A=2x3 --to 3x1", 2, "not of float64");
  expect_refusal("apply '2*3' --to 3x1", 2, "an operator is wanted, not the number 6");
  expect_refusal("apply 'A^1000000' A=2x2 --to 2x1", 2, "more than the 1000 factors");
  expect_refusal("apply 'K(4000000000,4000000000)' --to 2x1", 2, "cannot be counted");
  expect_refusal("apply 'B' A=2x2 --to 2x1", 2, "symbol 'B' has no value");
  expect_refusal("apply 'A' A=2x2 --to x.npy", 2, "x.npy");
  expect_refusal("apply 'A' A=2x2 --to 2x1 --out y.txt", 2, "--out y.txt: its name must end in .npy");
  EXPECT_EQ(files(), 0u);
}

TEST_F(Command, CompletesItsArguments) {
  const auto completions = [&](const std::string &words, int at) {
    write("complete.sh", "source <(" KRONVEC_COMMAND " completion bash)\nCOMP_WORDS=(kronvec " + words +
                             ")\nCOMP_CWORD=" + std::to_string(at) + "\n_kronvec\necho \"${COMPREPLY[*]}\" >found\n");
    const Outcome outcome = run("info >/dev/null && bash complete.sh");
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    return contents(dir_ / "found");
  };
  EXPECT_EQ(completions("ja", 1), "jacobian\n");
  EXPECT_EQ(completions("jacobian --wr", 2), "--wrt\n");
  EXPECT_EQ(completions("jacobian --layout ''", 3), "numerator denominator\n");
  EXPECT_EQ(completions("completion z", 2), "zsh\n");
  EXPECT_EQ(completions("apply X --to ''", 4), "\n"); // bash then completes file names
  expect_refusal("completion tcsh", 2, "tcsh");
}

TEST_F(Command, PrintsItsManual) {
  const Outcome manual = run("manual");
  EXPECT_TRUE(
      manual.out.ends_with(".SH EXIT STATUS\n0 done, 1 a comparison failed, 2 the request was wrong or refused, "
                           "3 a system error\n"));
  EXPECT_EQ(manual.out.rfind(".TH KRONVEC 1", 0), 0u) << manual.out;
  for (const char *expected :
       {".SS jacobian expression bindings\n", ".B \\-\\-symmetric\n", "(numerator, denominator)\n"})
    EXPECT_NE(manual.out.find(expected), std::string::npos) << expected << "\n" << manual.out;
}

TEST_F(Command, PassesMatricesThroughPipes) {
  const Outcome y =
      run("evaluate \"X'\" 'X=[1,2;3,4;5,6]' --out - | " KRONVEC_COMMAND " evaluate 'Y*Z' Y=- 'Z=[1;1;1]'");
  EXPECT_EQ(y.status, 0) << y.err;
  EXPECT_EQ(y.out, "9\n12\n");
  EXPECT_EQ(run("evaluate X X=- <<EOF\n1,2\n3,4\nEOF\n").out, "1,2\n3,4\n");
  write("f.txt", "X*X + 1\n");
  EXPECT_EQ(run("evaluate - X=2 <f.txt").out, "5\n");
  expect_refusal("evaluate X*Y X=- Y=- </dev/null", 2, "standard input: no numbers in it");
  write("x.csv", "1\n");
  expect_refusal("evaluate X*Y X=- Y=- <x.csv", 2, "standard input is read for X and for Y");
  expect_refusal("evaluate - X=- <f.txt", 2, "standard input is read for the expression and for X");
  EXPECT_EQ(run("evaluate X X=200x200 --out - | head -c 1 >/dev/null").err, "") << "a reader may leave";
}

TEST_F(Command, PrintsJsonForPrograms) {
  EXPECT_EQ(run("evaluate 'log(X)' 'X=[1,0;-1,1]' --json").out,
            "{\"rows\": 2, \"cols\": 2, \"entries\": [[0, \"-Infinity\"], [\"NaN\", 0]]}\n");
  const Outcome rows = run("compare 'A*X' --wrt X A=2x2 X=2x2 --device cpu --json");
  EXPECT_NE(rows.out.find("{\"device\": \"cpu\", \"method\": \"structured\", \"points\": 1, \"error\": "),
            std::string::npos)
      << rows.out;
  const Outcome singular = run("compare 'log(X)' --wrt X 'X=[0,1]' --device cpu --json");
  EXPECT_EQ(singular.out.find("inf"), std::string::npos) << singular.out;
  EXPECT_NE(singular.out.find("\"method\": \"numeric\", \"points\": 1, \"error\": \"Infinity\", \"tolerance\": 0"),
            std::string::npos)
      << singular.out;
  EXPECT_NE(run("info --json").out.find("\"devices\": [{\"name\": \"reference\""), std::string::npos);
  EXPECT_NE(run("simplify 'K(5,4)*kron(A,B)*K(3,2)' A=4x3 B=5x2 --json").out.find("\"after\": \"B ⊗ A\""),
            std::string::npos);
  expect_refusal("evaluate X X=2 --json --out x.npy", 2, "--json");
}

TEST_F(Command, ComputesAtManyPoints) {
  const Outcome each = run("evaluate 'A*X' 'A=[1,1]' 'X=[1,2,3;10,20,30]' --points 3 --varying X");
  EXPECT_EQ(each.out, "11,22,33\n") << each.err;
  EXPECT_EQ(run("jacobian 'X.^2' --wrt X 'X=[1,2,3]' --points 3").out, "2,4,6\n");
  EXPECT_EQ(run("jvp 'X.^2' --wrt X 'X=[1,2,3]' --points 3 --tangent '[1,1,10]'").out, "2,4,60\n");
  EXPECT_EQ(run("hessian 'sum(X.^3)' --wrt X 'X=[1,2]' --points 2").out, "6,12\n");
  expect_refusal("jacobian 'X*X' --wrt X X=3x4 --points 5", 2, "X has 4 columns, which are not 5 values side by side");
  expect_refusal("jacobian X --wrt X X=1x4 --points 0", 2, "--points 0");
  expect_refusal("evaluate X X=1x4 --points 4", 2, "--varying");
  expect_refusal("evaluate X X=1x4 --points 4 --varying Z", 2, "--varying Z: no symbol 'Z' is bound");
  expect_refusal("evaluate X X=1x4 --varying X", 2, "--points");
}

TEST_F(Command, HessiansHaveTheOptionsOfJacobians) {
  EXPECT_EQ(run("hessian 'sum(X.^3)' --wrt X 'X=[1;2]' --out H.mtx").status, 0);
  EXPECT_NE(contents(dir_ / "H.mtx").find("2 2 2\n1 1 6\n2 2 12\n"), std::string::npos) << contents(dir_ / "H.mtx");
  EXPECT_EQ(run("hessian 'sum(X.^3)' --wrt X 'X=[1;2]' --picture H.png").out, "") << "a picture instead of numbers";
  EXPECT_EQ(run("hessian 'sum(X.*Y)' --wrt X,Y X=2 Y=3").out, "0,1\n1,0\n");
  expect_refusal("hessian 'sum(X.^3)' --wrt X X=200x1 --max-memory 100kB", 2, "the Hessian is 200×200");
}

TEST_F(Command, GradientsAndProductsTakeSeveralVariables) {
  EXPECT_EQ(run("gradient 'sum(X.*Y)' --wrt X,Y X=2 Y=3").out, "3\n2\n");
  EXPECT_EQ(run("gradient 'sum(S.^2)' --wrt S --symmetric 'S=[1,2;2,3]'").out, "2\n8\n6\n");
  EXPECT_EQ(run("jvp 'X*Y' --wrt X,Y X=2 Y=3 --tangent '[1;10]'").out, "23\n");
}

TEST_F(Command, DrawsTheProgram) {
  const Outcome graph = run("evaluate 'A*exp(X)+1' A=2x3 X=3x4 --graph g.svg");
  EXPECT_EQ(graph.status, 0) << graph.err;
  EXPECT_EQ(graph.out, "");
  const std::string svg = contents(dir_ / "g.svg");
  for (const char *part : {"<svg ", ">A<", ">X<", ">T1 = exp(X)<", ">T2 = A·T1<", ">F = T2 + 1<", ">2×4<", "</svg>"})
    EXPECT_NE(svg.find(part), std::string::npos) << part << " in:\n" << svg;
  expect_refusal("evaluate X X=2 --graph g.svg --json", 2, "--graph");
  expect_refusal("evaluate X X=2 --graph g.png", 2, "its name must end in .svg");
}

} // namespace
} // namespace kronvec::testing
