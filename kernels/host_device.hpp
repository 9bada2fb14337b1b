#pragma once
/// Marks a function that runs on the GPU as well as on the host.

#ifdef __CUDACC__
#define KRONVEC_HOST_DEVICE __host__ __device__
#else
#define KRONVEC_HOST_DEVICE
#endif
