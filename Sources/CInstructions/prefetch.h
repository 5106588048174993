#pragma once
// Swift has no word for the processor's prefetch instruction. Nothing is read: any address may be given.

/// Asks for the cache line of an address to be brought into the second-level cache.
static inline void prefetch_to_second_level(const void *address) {
  __builtin_prefetch(address, 0, 2);
}
