# What kronvec is built from; `./run` installs the Debian packages that hold it.
find_package(PkgConfig REQUIRED)
find_package(hwy REQUIRED)
find_package(fmt REQUIRED)
find_package(CLI11 REQUIRED)
find_package(PNG REQUIRED)
pkg_check_modules(LAPACKE REQUIRED IMPORTED_TARGET lapacke)

if(KRONVEC_OPENMP)
  find_package(OpenMP REQUIRED COMPONENTS CXX)
endif()

# OpenBLAS in its OpenMP flavour, by full path: find_package would pick the pthread flavour where both are installed,
# whose threads compete with ours.
find_library(KRONVEC_OPENBLAS NAMES openblas PATH_SUFFIXES openblas-openmp REQUIRED)
find_path(KRONVEC_OPENBLAS_INCLUDE cblas.h PATH_SUFFIXES openblas-openmp REQUIRED)

# The toolkit's headers make the emulated CUDA device; its compiler makes the real one.
find_package(CUDAToolkit QUIET)
if(CUDAToolkit_FOUND)
  find_package(Boost 1.74 REQUIRED COMPONENTS context)
  include(CheckLanguage)
  check_language(CUDA)
  if(CMAKE_CUDA_COMPILER AND NOT KRONVEC_SANITIZE)
    if(NOT CMAKE_CUDA_ARCHITECTURES)
      set(CMAKE_CUDA_ARCHITECTURES 80-real 90) # and PTX for what comes later
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
