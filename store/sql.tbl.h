/* SQL(name, text)
 * Every statement that SQLite is asked to run with values, once; a value is always a
 * bound parameter. Texts made from row.tbl.h are arrays in sqlite_schema.c. */

SQL(begin, "BEGIN IMMEDIATE")
SQL(commit, "COMMIT")
SQL(rollback, "ROLLBACK")
SQL(savepoint, "SAVEPOINT one_row")
SQL(undo, "ROLLBACK TO one_row")
SQL(release, "RELEASE one_row")

/* ?: the columns of row.tbl.h and quantity.tbl.h, then kept_us */
SQL(request_add, sql_request_add)

/* 1 hour_us, 2-8 what it is of, 9-23 what is added to it */
SQL(usage_add,
    "INSERT INTO usage_hour (hour_us, tenant, team, user, key, provider, dialect, model,"
    " failed, inexact, input_tok, cached_read_tok, cache_write_tok, tool_input_tok,"
    " output_tok, reasoning_tok, bytes_in, bytes_out, took_us, answered, first_byte_us,"
    " cost_pusd, requests)"
    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17,"
    " ?18, ?19, ?20, ?21, ?22, ?23)"
    " ON CONFLICT DO UPDATE SET"
    " requests = requests + excluded.requests,"
    " failed = failed + excluded.failed,"
    " inexact = inexact + excluded.inexact,"
    " input_tok = input_tok + excluded.input_tok,"
    " cached_read_tok = cached_read_tok + excluded.cached_read_tok,"
    " cache_write_tok = cache_write_tok + excluded.cache_write_tok,"
    " tool_input_tok = tool_input_tok + excluded.tool_input_tok,"
    " output_tok = output_tok + excluded.output_tok,"
    " reasoning_tok = reasoning_tok + excluded.reasoning_tok,"
    " bytes_in = bytes_in + excluded.bytes_in,"
    " bytes_out = bytes_out + excluded.bytes_out,"
    " took_us = took_us + excluded.took_us,"
    " answered = answered + excluded.answered,"
    " first_byte_us = first_byte_us + excluded.first_byte_us,"
    " cost_pusd = cost_pusd + excluded.cost_pusd")

/* 1 hour_us, 2 tenant, 3 tag, 4 dialect, 5 tok, 6 cost_pusd */
SQL(tag_add, "INSERT INTO tag_hour (hour_us, tenant, tag, dialect, requests, tok, cost_pusd)"
	     " VALUES (?1, ?2, ?3, ?4, 1, ?5, ?6) ON CONFLICT DO UPDATE SET"
	     " requests = requests + 1, tok = tok + excluded.tok,"
	     " cost_pusd = cost_pusd + excluded.cost_pusd")

/* 1 id, 2 reason, 3 frame, 4 kept_us */
SQL(quarantine_add, "INSERT INTO quarantine (id, reason, frame, kept_us) VALUES (?1, ?2, ?3, ?4)"
		    " ON CONFLICT DO NOTHING")

/* 1 before_us, 2 limit */
SQL(request_prune, "DELETE FROM request WHERE id IN"
		   " (SELECT id FROM request WHERE started_us < ?1 ORDER BY started_us LIMIT ?2)")

/* 1 id */
SQL(request_get, "SELECT * FROM request_row WHERE id = ?1")

/* 1 since_us, 2 until_us, 3 tenant, 4 team, 5 user, 6 key, 7 provider, 8 model, 9 limit; the
 * second pair is for a tenant that is known, and has an index to go by */
#define REQUEST_FILTER                                                                             \
	" started_us >= ?1 AND started_us < ?2 AND (?4 = '' OR team = ?4)"                         \
	" AND (?5 = '' OR user = ?5) AND (?6 = '' OR key = ?6)"                                    \
	" AND (?7 = '' OR provider = ?7) AND (?8 = '' OR model = ?8)"
SQL(request_oldest, "SELECT * FROM request_row WHERE ?3 = '' AND" REQUEST_FILTER
		    " ORDER BY started_us, id LIMIT ?9")
SQL(request_newest, "SELECT * FROM request_row WHERE ?3 = '' AND" REQUEST_FILTER
		    " ORDER BY started_us DESC, id DESC LIMIT ?9")
SQL(request_tenant_oldest, "SELECT * FROM request_row WHERE tenant = ?3 AND" REQUEST_FILTER
			   " ORDER BY started_us, id LIMIT ?9")
SQL(request_tenant_newest, "SELECT * FROM request_row WHERE tenant = ?3 AND" REQUEST_FILTER
			   " ORDER BY started_us DESC, id DESC LIMIT ?9")
#undef REQUEST_FILTER

/* 1 first hour, 2 the hour after the last, 3-8 as above, 9 enum ledger_group. Money is
 * summed in two parts because SQLite's sum() fails beyond 63 bits. */
SQL(usage_report,
    "SELECT CASE WHEN ?9 & 64 THEN hour_us"
    " WHEN ?9 & 128 THEN hour_us - hour_us % 86400000000 ELSE 0 END,"
    " CASE WHEN ?9 & 1 THEN tenant ELSE '' END,"
    " CASE WHEN ?9 & 2 THEN team ELSE '' END,"
    " CASE WHEN ?9 & 4 THEN user ELSE '' END,"
    " CASE WHEN ?9 & 8 THEN key ELSE '' END,"
    " CASE WHEN ?9 & 16 THEN provider ELSE '' END,"
    " CASE WHEN ?9 & 32 THEN model ELSE '' END,"
    " sum(requests), sum(failed), sum(inexact), sum(input_tok), sum(cached_read_tok),"
    " sum(cache_write_tok), sum(tool_input_tok), sum(output_tok), sum(reasoning_tok),"
    " sum(bytes_in), sum(bytes_out), sum(took_us), sum(answered), sum(first_byte_us),"
    " sum(cost_pusd / 1000000) AS mega, sum(cost_pusd % 1000000) AS rest"
    " FROM usage_hour WHERE hour_us >= ?1 AND hour_us < ?2"
    " AND (?3 = '' OR tenant = ?3) AND (?4 = '' OR team = ?4) AND (?5 = '' OR user = ?5)"
    " AND (?6 = '' OR key = ?6) AND (?7 = '' OR provider = ?7) AND (?8 = '' OR model = ?8)"
    " GROUP BY 1, 2, 3, 4, 5, 6, 7 ORDER BY 1, mega DESC, rest DESC, 2, 3, 4, 5, 6, 7")

/* 1 since_us, 2 the first whole hour from there */
SQL(spend_report,
    "SELECT tenant, team, user, key, dialect, sum(n), sum(tok),"
    " sum(pusd / 1000000), sum(pusd % 1000000)"
    " FROM (SELECT tenant, team, user, key, dialect, requests AS n,"
    "   input_tok + output_tok AS tok, cost_pusd AS pusd"
    "  FROM usage_hour WHERE hour_us >= ?2"
    "  UNION ALL SELECT tenant, team, user, key, dialect, 1, input_tok + output_tok, cost_pusd"
    "  FROM request WHERE started_us >= ?1 AND started_us < ?2)"
    " GROUP BY 1, 2, 3, 4, 5")

/* 1 the first hour */
SQL(tag_report, "SELECT tenant, tag, dialect, sum(requests), sum(tok),"
		" sum(cost_pusd / 1000000), sum(cost_pusd % 1000000)"
		" FROM tag_hour WHERE hour_us >= ?1 GROUP BY 1, 2, 3")

/* 1 since_us, 2 the first whole hour from there */
SQL(tag_rows, "SELECT tenant, tags, dialect, 1, input_tok + output_tok, cost_pusd / 1000000,"
	      " cost_pusd % 1000000 FROM request"
	      " WHERE started_us >= ?1 AND started_us < ?2 AND tags <> ''")

/* records: parameters are their columns in order */
SQL(tenant_add, "INSERT INTO tenant (id, name, plan, created_us, disabled_us)"
		" VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING")
SQL(tenant_change,
    "UPDATE tenant SET name = ?2, plan = ?3, created_us = ?4, disabled_us = ?5 WHERE id = ?1")
SQL(tenant_all, "SELECT id, name, plan, created_us, disabled_us FROM tenant ORDER BY id")

SQL(key_add,
    "INSERT INTO api_key (id, hash, tenant, team, user, label, models, created_us, expires_us,"
    " revoked_us) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) ON CONFLICT DO NOTHING")
SQL(key_change, "UPDATE api_key SET hash = ?2, tenant = ?3, team = ?4, user = ?5, label = ?6,"
		" models = ?7, created_us = ?8, expires_us = ?9, revoked_us = ?10 WHERE id = ?1")
SQL(key_all,
    "SELECT id, hash, tenant, team, user, label, models, created_us, expires_us, revoked_us"
    " FROM api_key ORDER BY id")

SQL(quota_add,
    "INSERT INTO quota (scope, tenant, scope_id, resource, unit, period, \"limit\", raised_limit,"
    " raised_until_us, warn, zone, action, on_outage, in_shadow, reset_us)"
    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)"
    " ON CONFLICT DO NOTHING")
SQL(quota_change,
    "UPDATE quota SET \"limit\" = ?7, raised_limit = ?8, raised_until_us = ?9, warn = ?10,"
    " zone = ?11, action = ?12, on_outage = ?13, in_shadow = ?14, reset_us = ?15"
    " WHERE scope = ?1 AND tenant = ?2 AND scope_id = ?3 AND resource = ?4 AND unit = ?5"
    " AND period = ?6")
SQL(quota_drop, "DELETE FROM quota WHERE scope = ?1 AND tenant = ?2 AND scope_id = ?3"
		" AND resource = ?4 AND unit = ?5 AND period = ?6")
SQL(quota_all, "SELECT scope, tenant, scope_id, resource, unit, period, \"limit\", raised_limit,"
	       " raised_until_us, warn, zone, action, on_outage, in_shadow, reset_us FROM quota"
	       " ORDER BY scope, tenant, scope_id, resource, unit, period")

SQL(price_add,
    "INSERT INTO price (provider, model, valid_from_us, valid_to_us, version, source, entry,"
    " created_us) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT DO NOTHING")
SQL(price_change,
    "UPDATE price SET valid_to_us = ?4, version = ?5, source = ?6, entry = ?7, created_us = ?8"
    " WHERE provider = ?1 AND model = ?2 AND valid_from_us = ?3")
SQL(price_all,
    "SELECT provider, model, valid_from_us, valid_to_us, version, source, entry, created_us"
    " FROM price ORDER BY provider, model, valid_from_us")

SQL(learned_put, "INSERT INTO learned (name, state, saved_us) VALUES (?1, ?2, ?3)"
		 " ON CONFLICT DO UPDATE SET state = excluded.state, saved_us = excluded.saved_us")
SQL(learned_all, "SELECT name, state, saved_us FROM learned ORDER BY name")
#undef SQL
