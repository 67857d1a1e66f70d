/* ---- Files into arenas ----------------------------------------------------------------------------------------
 * The bytes of a file as one block of an arena, freed with it. Text is NUL-terminated; a parser that loads 64 bytes at
 * a time asks for 64 zeroes behind it. A file that the arena has no memory for is refused, and takes nothing. */

@GENERATED@
