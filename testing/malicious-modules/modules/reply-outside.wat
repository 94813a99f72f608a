;; Returns a reply of two bytes, the second of which is beyond its memory.
(module
  (memory (export "memory") 1)
  (func (export "baton_abi") (result i32) (i32.const 2))
  (func (export "baton_alloc") (param i32) (result i32) (i32.const 0))
  (func (export "baton_decide") (param i32 i32) (result i64)
    (i64.or (i64.shl (i64.const 65535) (i64.const 32)) (i64.const 2))))
