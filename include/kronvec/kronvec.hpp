#pragma once
/// Includes all of kronvec. "Ledger K7" in a comment is row K7 of docs/ledger.md, which is installed as
/// share/doc/kronvec/ledger.md.

#include "kronvec/commutation.hpp"
#include "kronvec/compare.hpp"
#include "kronvec/derivation.hpp"
#include "kronvec/derivative.hpp"
#include "kronvec/device.hpp"
#include "kronvec/elementwise.hpp"
#include "kronvec/error.hpp"
#include "kronvec/expression.hpp"
#include "kronvec/hadamard.hpp"
#include "kronvec/io.hpp"
#include "kronvec/jacobian_at_points.hpp"
#include "kronvec/jacobian_file.hpp"
#include "kronvec/kronecker.hpp"
#include "kronvec/matrix.hpp"
#include "kronvec/operators.hpp"
#include "kronvec/parse.hpp"
#include "kronvec/sparse.hpp"
#include "kronvec/triangle.hpp"
#include "kronvec/version.hpp"
