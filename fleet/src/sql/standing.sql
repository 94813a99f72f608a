-- $1 fleet, $2 epoch, $3 machine, $4 tokens, $5 number of the schema
with standing as (
    select v.number, v.oldest_writer, f.id as fleet, f.epoch, f.change,
        exists (
            select 1 from baton.machine m
            where m.account = current_user::text and m.id = $3 and (m.token is null or m.token = any ($4))
        ) as known,
        jsonb_build_object(
            'fleet', f.id, 'epoch', f.epoch, 'change', f.change, 'commit', f.commit_id,
            'number', v.number, 'oldest_writer', v.oldest_writer,
            'isolation', current_setting('transaction_isolation'),
            'unix_ms', floor(extract(epoch from now()) * 1000)::bigint
        ) as description
    from baton.version v left join baton.fleet f on f.account = current_user::text
), known as (
    select s.epoch from standing s
    where s.number >= $5 and s.oldest_writer <= $5 and s.fleet = $1 and s.known
        and current_setting('transaction_isolation') = 'serializable'
), allowed as (
    select k.epoch from known k where k.epoch = $2
)
