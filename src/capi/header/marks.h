/* ---- Marks and deferred calls ---------------------------------------------------------------------------------
 * A mark is a position in an arena. A rewind frees all that came after it. Other resources (a file, a lock, another
 * library's object) are given back by a deferred call: the arena makes it when it is rewound to before that call. */

@GENERATED@
#define REGION_DEFER_INIT { NULL, NULL, NULL, 0 }
