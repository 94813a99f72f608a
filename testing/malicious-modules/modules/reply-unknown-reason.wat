;; Returns a decision with an unknown reason.
(module
  (memory (export "memory") 1)
  (data (i32.const 1024) "{\22protocol\22:2,\22reason\22:\22whim\22,\22also\22:[],\22changes\22:[],\22notifications\22:[]}")
  (func (export "baton_abi") (result i32) (i32.const 2))
  (func (export "baton_alloc") (param i32) (result i32) (i32.const 2048))
  (func (export "baton_decide") (param i32 i32) (result i64)
    (i64.or (i64.shl (i64.const 1024) (i64.const 32)) (i64.const 72))))
