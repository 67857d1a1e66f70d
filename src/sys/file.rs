//! Files and streams: open, kind, position, read.
