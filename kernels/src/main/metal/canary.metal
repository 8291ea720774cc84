// Run when a device is opened and after every error: does the GPU still do what it is told?

#include <metal_stdlib>

using namespace metal;

kernel void canary(device int *count [[buffer(0)]]) {
    count[0] += 1;
}
