-- How many anchors the database has ever numbered, and the newest number that is still there. Null without the privilege.
select s.last_value::text, (select max(a.anchor_id) from eventchain.anchors a)::text
from pg_catalog.pg_sequences s
where s.schemaname = 'eventchain' and s.sequencename = 'anchors_anchor_id_seq'
