-- Step 4: one row for each file that a commit changed in place: nothing added, removed, renamed or copied.
SELECT
  kept.commit,
  kept.subject,
  kept.message,
  kept.repos,
  kept.license,
  kept.licenses,
  changed.old_path AS old_file,
  changed.new_path AS new_file,
  IFNULL(kept.parent[SAFE_OFFSET(0)], '') AS parent,
  IFNULL(changed.old_sha1, '') AS old_sha1,
  IFNULL(changed.new_sha1, '') AS new_sha1
FROM commits_table_dedup_difference AS kept
CROSS JOIN UNNEST(kept.difference) AS changed
WHERE changed.old_path IS NOT NULL AND changed.old_path = changed.new_path
