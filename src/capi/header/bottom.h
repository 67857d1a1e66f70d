/* The other side of the library's own assertions. */
REGION_ASSERT_(arena_is_32_words, sizeof(region_arena) == 32 * sizeof(void *));
REGION_ASSERT_(mark_is_8_words, sizeof(region_mark) == 8 * sizeof(void *));
REGION_ASSERT_(defer_is_4_words, sizeof(region_defer) == 4 * sizeof(void *));
REGION_ASSERT_(string_is_8_words, sizeof(region_string) == 8 * sizeof(void *));
REGION_ASSERT_(map_is_16_words, sizeof(region_map) == 16 * sizeof(void *));
REGION_ASSERT_(heap_is_32_words, sizeof(region_heap) == 32 * sizeof(void *));
REGION_ASSERT_(pool_is_48_words, sizeof(region_pool) == 48 * sizeof(void *));
REGION_ASSERT_(shared_is_16_words, sizeof(region_shared) == 16 * sizeof(void *));
REGION_ASSERT_(input_is_24_words, sizeof(region_input) == 24 * sizeof(void *));
REGION_ASSERT_(lines_is_256_bytes, sizeof(region_lines) == 256);
REGION_ASSERT_(cur_is_first, offsetof(region_arena, cur) == 0);
REGION_ASSERT_(end_is_second, offsetof(region_arena, end) == sizeof(void *));

#ifdef __cplusplus
}
#endif
#endif /* REGION_H */
