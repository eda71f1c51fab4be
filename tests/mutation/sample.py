"""Keeps a seeded sample of a cosmic-ray session's mutants: all of them would take days."""

import random
import sqlite3
import sys

session, size = sys.argv[1], int(sys.argv[2])
with sqlite3.connect(session) as database:
    # What a filter skipped has a result already.
    jobs = [
        job
        for (job,) in database.execute(
            "SELECT job_id FROM work_items WHERE job_id NOT IN (SELECT job_id FROM work_results) ORDER BY job_id"
        )
    ]
    # Job ids are drawn anew in each session: the sample is drawn from the mutants in their own order.
    place = {
        job: row
        for job, *row in database.execute(
            "SELECT job_id, module_path, operator_name, occurrence FROM mutation_specs ORDER BY rowid"
        )
    }
    jobs.sort(key=lambda job: [str(part).rjust(9) for part in place[job]])
    kept = set(random.Random(0).sample(jobs, min(size, len(jobs))))
    dropped = [(job,) for job in place if job not in kept]
    for table in ("work_results", "mutation_specs", "work_items"):
        database.executemany(f"DELETE FROM {table} WHERE job_id = ?", dropped)
print(f"{len(kept)} of {len(jobs)} mutants")
