#pragma once
#include <stddef.h>
#include <stdint.h>

/* libFuzzer's main loop, for programs with a main of their own. Source: FuzzerInterface.h of LLVM's compiler-rt. */
int LLVMFuzzerRunDriver(int *argument_count, char ***arguments, int (*target)(const uint8_t *bytes, size_t count));
