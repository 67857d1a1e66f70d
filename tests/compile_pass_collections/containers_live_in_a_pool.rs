//! Containers in a pool's arenas: as long as the pool by `into_arena`, as long as a member or a handle by these.

use hashbrown::HashMap;
use region::{Arena, ArenaPool};
use region::arena::{Member, PooledArena};
use region::collections::{Box, String, Vec};

struct File<'pool> {
    items: &'pool [u32],
    name: &'pool str,
    kept: Box<'pool, std::string::String>,
}

fn file<'pool>(name: &str, pool: &'pool ArenaPool) -> File<'pool> {
    let arena: &'pool Arena = pool.member().into_arena();
    let mut items = Vec::new_in(arena);
    items.extend(0..3);
    let mut seen = HashMap::new_in(arena);
    seen.insert(name.len(), 1);
    let name: String<'pool> = region::format!(in arena, "{name}.rs");
    File { items: items.into_bump_slice(), name: name.into_bump_str(), kept: Box::new_in("dropped".into(), arena) }
}

fn main() {
    let mut pool = ArenaPool::new();
    let files = std::thread::scope(|threads| {
        let pool = &pool;
        let workers = ["a", "b"].map(|name| threads.spawn(move || file(name, pool)));
        workers.map(|worker| worker.join().unwrap())
    });
    assert_eq!((files[0].items, files[1].name, &**files[0].kept), (&[0, 1, 2][..], "b.rs", "dropped"));
    {
        let member: Member<'_> = pool.member();
        let mut row: Vec<'_, u32, Member<'_>> = region::vec![in &member; 1, 2];
        row.push(3);
        let mut map = HashMap::new_in(&member);
        map.insert(row.len(), Box::new_in(row[0], &member));
        assert_eq!(region::format!(in &member, "{}", map[&3]), "1");
        let plain: Vec<'_, u32> = Vec::from_iter_in(0..3, &*member);
        assert_eq!(plain.len(), 3);
        let kept: &[u32] = member.alloc_slice_copy(&row);
        let handle: PooledArena<'_> = pool.get();
        let mut scratch = region::vec![in &handle];
        scratch.extend_from_slice(kept);
        let mut map = HashMap::new_in(&handle);
        map.insert(1, scratch.len());
    }
    drop(files);
    pool.reset();
}
