# The dependencies of kronvec. `./run` installs the Debian packages that contain them.
find_package(PkgConfig REQUIRED)
find_package(hwy REQUIRED)
find_package(fmt REQUIRED)
find_package(CLI11 REQUIRED)
find_package(PNG REQUIRED)
pkg_check_modules(LAPACKE REQUIRED IMPORTED_TARGET lapacke)

if(KRONVEC_OPENMP)
  find_package(OpenMP REQUIRED COMPONENTS CXX)
endif()

# The OpenMP flavour of OpenBLAS, by full path. If both flavours are installed, find_package would pick the pthread flavour,
# whose threads compete with ours.
find_library(KRONVEC_OPENBLAS NAMES openblas PATH_SUFFIXES openblas-openmp REQUIRED)
find_path(KRONVEC_OPENBLAS_INCLUDE cblas.h PATH_SUFFIXES openblas-openmp REQUIRED)

# The emulated CUDA device needs the toolkit's headers; the real one also needs its compiler.
find_package(CUDAToolkit QUIET)
if(CUDAToolkit_FOUND)
  find_package(Boost 1.74 REQUIRED COMPONENTS context)
  include(CheckLanguage)
  check_language(CUDA)
  if(CMAKE_CUDA_COMPILER AND NOT KRONVEC_SANITIZE)
    if(NOT CMAKE_CUDA_ARCHITECTURES)
      set(CMAKE_CUDA_ARCHITECTURES 80-real 90) # and PTX for later GPUs
    endif()
    if(KRONVEC_CCACHE AND PROJECT_IS_TOP_LEVEL)
      set(CMAKE_CUDA_COMPILER_LAUNCHER ${KRONVEC_CCACHE})
    endif()
    enable_language(CUDA)
    set(KRONVEC_CUDA ON)
    message(STATUS "CUDA toolkit: ${CUDAToolkit_VERSION}; the CUDA device is built, and its emulation")
  else()
    message(STATUS "CUDA toolkit: ${CUDAToolkit_VERSION}; the emulated CUDA device is built")
  endif()
else()
  message(STATUS "CUDA toolkit: not found; kronvec is built for the CPU")
endif()
