/* ---- The library and the process ------------------------------------------------------------------------------
 * Nothing here fails. Any thread may call it at any time. */

@GENERATED@
