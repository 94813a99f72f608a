-- $8 handoff, $9 number, $10 session, $11 bytes in base64
, stored as (
    insert into baton.handoff_part (account, handoff, number, session, bytes)
    select current_user::text, $8, $9, $10, decode($11, 'base64') from allowed
    -- A published archive does not change.
    where not exists (select 1 from baton.handoff h where h.account = current_user::text and h.id = $8)
    on conflict (account, handoff, number) do update set
        session = excluded.session, bytes = excluded.bytes, stored = now()
    returning number
)
select jsonb_build_object(
    'standing', (select description || jsonb_build_object('has_seen', has_seen, 'known', known) from standing),
    'is_done', exists (select 1 from allowed)
)::text
