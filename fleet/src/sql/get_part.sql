-- $8 handoff, $9 number
select jsonb_build_object(
    'standing', (select description || jsonb_build_object('has_seen', has_seen, 'known', known) from standing),
    'bytes', (
        select replace(encode(p.bytes, 'base64'), chr(10), '')
        from baton.handoff_part p
        join baton.handoff h on h.account = current_user::text and h.id = p.handoff
        where p.account = current_user::text and p.handoff = $8 and p.number = $9
            and (h.target is null or h.target = $3 or h.origin = $3) and exists (select 1 from member where has_seen)
    )
)::text
