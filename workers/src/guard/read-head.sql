select h.size::text as size, h.root
from eventchain_guard.heads h
where h.origin = $1::text
