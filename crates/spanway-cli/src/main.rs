//! The `spanway` binary: the command line of the library beside it, with an allocator that returns memory well.

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    spanway_cli::main()
}
