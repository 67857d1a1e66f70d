/* ---- What is kept for new arenas ------------------------------------------------------------------------------
 * The process keeps blocks of freed arenas, so that the next ones begin with memory that is in RAM: of large arenas
 * only what it makes again and again. Any thread may call it at any time. */

@GENERATED@
