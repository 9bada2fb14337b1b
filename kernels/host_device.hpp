#pragma once
/// Marks a function that runs on both the GPU and the host.

#ifdef __CUDACC__
#define KRONVEC_HOST_DEVICE __host__ __device__
#else
#define KRONVEC_HOST_DEVICE
#endif
