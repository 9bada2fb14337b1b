#pragma once
/// All of kronvec.

#include "kronvec/commutation.hpp"
#include "kronvec/compare.hpp"
#include "kronvec/derivative.hpp"
#include "kronvec/device.hpp"
#include "kronvec/elementwise.hpp"
#include "kronvec/error.hpp"
#include "kronvec/expression.hpp"
#include "kronvec/hadamard.hpp"
#include "kronvec/io.hpp"
#include "kronvec/jacobian_file.hpp"
#include "kronvec/kronecker.hpp"
#include "kronvec/matrix.hpp"
#include "kronvec/operators.hpp"
#include "kronvec/parse.hpp"
#include "kronvec/sparse.hpp"
#include "kronvec/triangle.hpp"
