;; Grows its memory until the host refuses, then traps, as an allocator does.
(module
  (memory (export "memory") 1)
  (func (export "baton_abi") (result i32) (i32.const 2))
  (func (export "baton_alloc") (param i32) (result i32) (i32.const 0))
  (func (export "baton_decide") (param i32 i32) (result i64)
    (loop $again (br_if $again (i32.ne (memory.grow (i32.const 16)) (i32.const -1))))
    (unreachable)))
