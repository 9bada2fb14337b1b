#include "devices/cuda/module.hpp"

#include "kronvec/error.hpp"

#include <dlfcn.h>
#include <filesystem>
#include <map>
#include <mutex>
#include <tuple>

namespace kronvec {
namespace {

/// Beside the library that holds this function.
std::filesystem::path module_path(CudaModule module) {
  Dl_info here{};
  dladdr(reinterpret_cast<void *>(&cuda_backend), &here);
  const auto *name = module == CudaModule::real ? "libkronvec_cuda.so" : "libkronvec_cuda_emulated.so";
  return std::filesystem::path(here.dli_fname).parent_path() / name;
}

/// A driver leaves one of these, on Linux and in WSL; without it, loading cuBLAS would be for nothing.
bool gpu_present() { return std::filesystem::exists("/dev/nvidiactl") || std::filesystem::exists("/dev/dxg"); }

auto open(CudaModule module) {
  if (module == CudaModule::real && !gpu_present())
    throw DeviceError("this machine has no NVIDIA GPU, or no driver for it");
  const auto path = module_path(module);
  if (!std::filesystem::exists(path))
    throw DeviceError("kronvec was built without CUDA: there is no " + path.filename().string());
  void *library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!library) throw DeviceError(std::string("cannot load the CUDA device: ") + dlerror());
  auto *make = reinterpret_cast<decltype(&kronvec_cuda_backend)>(dlsym(library, "kronvec_cuda_backend"));
  if (!make) throw DeviceError("not a CUDA device of kronvec: " + path.string());
  return make;
}

} // namespace

Backend &cuda_backend(CudaModule module, int index, void *stream) {
  static std::mutex mutex;
  // Never destroyed: static objects that end after it may still own matrices.
  static auto &known = *new std::map<std::tuple<CudaModule, int, void *>, Backend *>;
  const std::lock_guard lock(mutex);
  Backend *&backend = known[{module, index, stream}];
  if (!backend) backend = open(module)(index, stream);
  return *backend;
}

} // namespace kronvec
