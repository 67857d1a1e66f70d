// Whoever wipes memory in children, or takes it from them, vouches for what is in it: an arena's references, say.
use region::{Arena, Region};
use region::mapping::AtFork;

fn main() {
    let region = Region::options().len(4096).at_fork(AtFork::Wipe).map().unwrap();
    let arena = Arena::over(region);
    arena.alloc(&7);
    let region = Region::new(4096).unwrap();
    region.set_at_fork(.., AtFork::Drop).unwrap();
}
