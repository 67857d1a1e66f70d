//! An arena in `'static` memory serves where one in shorter-lived memory is asked for.

use region::{Arena, Scope, StackBuffer, StaticBuffer};
use region::backing::Buffer;

fn shorter<'b>(arena: &'b Arena<8, Buffer<'static>>, _: &'b u32) -> &'b Arena<8, Buffer<'b>> {
    arena
}

fn scope<'b>(scope: Scope<'static>, _: &'b u32) -> Scope<'b> {
    scope
}

fn owned<'b>(arena: Arena<8, Buffer<'static>>, _memory: &'b StackBuffer<8>) -> Arena<8, Buffer<'b>> {
    arena
}

fn main() {
    static MEMORY: StaticBuffer<64> = StaticBuffer::new();
    let arena = Arena::from_buffer(MEMORY.take().unwrap());
    let local = 1;
    shorter(&arena, &local).alloc(local);
    owned(arena, &StackBuffer::new()).alloc(2u32);
    let _ = scope;
}
