;; Uses a later version of the protocol.
(module
  (memory (export "memory") 1)
  (func (export "baton_abi") (result i32) (i32.const 99))
  (func (export "baton_alloc") (param i32) (result i32) (unreachable))
  (func (export "baton_decide") (param i32 i32) (result i64) (unreachable)))
