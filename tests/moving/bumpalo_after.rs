//! The same in an `Arena`, by another import and one name.

use region::Arena as Bump;
use region::collections::Vec;

pub enum Tree<'b> {
    Word(&'b str),
    List(&'b [Tree<'b>]),
}

/// Reads `(a (b c) d)`.
pub fn read<'b>(bump: &'b Bump, rest: &mut &str) -> &'b [Tree<'b>] {
    let mut list = Vec::new_in(bump);
    loop {
        *rest = rest.trim_start();
        match rest.chars().next() {
            None => break,
            Some(')') => {
                *rest = &rest[1..];
                break;
            }
            Some('(') => {
                *rest = &rest[1..];
                let inner = read(bump, rest);
                list.push(Tree::List(inner));
            }
            Some(_) => {
                let end = rest.find([' ', '(', ')']).unwrap_or(rest.len());
                list.push(Tree::Word(bump.alloc_str(&rest[..end])));
                *rest = &rest[end..];
            }
        }
    }
    list.into_bump_slice()
}

pub fn depth(list: &[Tree]) -> usize {
    let below = |tree: &Tree| match tree {
        Tree::Word(word) => word.len().min(1),
        Tree::List(list) => depth(list) + 1,
    };
    list.iter().map(below).max().unwrap_or(0)
}

pub fn run(text: &str) -> std::string::String {
    let mut bump = Bump::new();
    let first = depth(read(&bump, &mut &*text));
    bump.reset();
    let second = depth(read(&bump, &mut &*text));
    format!("{first} {second} {}", bump.alloc_str("again"))
}
