-- $8 next token
, rotated as (
    update baton.machine m set token = $8, seen = now()
    where m.account = current_user::text and m.id = $3 and exists (select 1 from member)
    returning m.id
)
select jsonb_build_object(
    'standing', (select description || jsonb_build_object('has_seen', has_seen, 'known', known) from standing),
    'is_done', exists (select 1 from rotated)
)::text
