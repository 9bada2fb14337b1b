/// Loads the CUDA module and its backends.

#include "devices/cuda/module.hpp"

#include "kronvec/error.hpp"

#include <dlfcn.h>
#include <filesystem>
#include <map>
#include <mutex>
#include <tuple>

namespace kronvec::inline KRONVEC_ABI {
namespace {

/// The module lies beside the library that contains this function.
std::filesystem::path module_path(CudaModule module) {
  Dl_info here{};
  dladdr(reinterpret_cast<void *>(&cuda_backend), &here);
  const auto *name = module == CudaModule::real ? "libkronvec_cuda.so" : "libkronvec_cuda_emulated.so";
  return std::filesystem::path(here.dli_fname).parent_path() / name;
}

/// A driver creates one of these files, on Linux and in WSL. Without a driver, loading cuBLAS would be useless.
bool gpu_present() { return std::filesystem::exists("/dev/nvidiactl") || std::filesystem::exists("/dev/dxg"); }

auto open(CudaModule module) {
  if (module == CudaModule::real && !gpu_present())
    throw DeviceError("this machine has no NVIDIA GPU, or no driver for it");
  const auto path = module_path(module);
  if (!std::filesystem::exists(path))
    throw DeviceError(std::string("kronvec was built without ") +
                      (module == CudaModule::real ? "CUDA" : "the emulated CUDA device") + ": there is no " +
                      path.filename().string());
  void *library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!library) throw DeviceError(std::string("cannot load the CUDA device: ") + dlerror());
  auto *make = reinterpret_cast<decltype(&kronvec_cuda_backend)>(dlsym(library, "kronvec_cuda_backend"));
  if (!make) throw DeviceError("not a CUDA device of kronvec: " + path.string());
  return make;
}

} // namespace

Backend &cuda_backend(CudaModule module, int index, void *stream) {
  static std::mutex mutex;
  // Never destroyed: static objects destroyed later may own matrices.
  static auto &known = *new std::map<std::tuple<CudaModule, int, void *>, Backend *>;
  const std::lock_guard lock(mutex);
  Backend *&backend = known[{module, index, stream}];
  if (!backend) backend = open(module)(index, stream);
  return *backend;
}

} // namespace kronvec
