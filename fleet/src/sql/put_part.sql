-- $6 handoff, $7 number, $8 session, $9 bytes in base64
, stored as (
    insert into baton.handoff_part (account, handoff, number, session, bytes)
    select current_user::text, $6, $7, $8, decode($9, 'base64') from allowed
    on conflict (account, handoff, number) do update set
        session = excluded.session, bytes = excluded.bytes, stored = now()
    returning number
)
select jsonb_build_object(
    'standing', (select description || jsonb_build_object('known', known) from standing),
    'is_done', exists (select 1 from stored)
)::text
