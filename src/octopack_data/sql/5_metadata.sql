-- Step 5: commits with exactly one row in step 4. A commit with two licences has two rows in mode published: it is lost.
SELECT files.*
FROM commits_table_dedup_files AS files
JOIN (
  SELECT commit FROM commits_table_dedup_files GROUP BY commit HAVING COUNT(*) = 1
) AS single ON single.commit = files.commit
