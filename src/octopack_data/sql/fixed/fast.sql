-- Steps 1 to 5 in one statement, fixed: the same rows.
WITH wanted_repositories AS (
  SELECT DISTINCT languages.repo_name, licenses.license, restrictiveness
  FROM `bigquery-public-data.github_repos.languages` AS languages
  CROSS JOIN UNNEST(languages.language) AS spoken
  JOIN UNNEST(@languages) AS language_pattern ON spoken.name LIKE language_pattern
  JOIN `bigquery-public-data.github_repos.licenses` AS licenses ON licenses.repo_name = languages.repo_name
  JOIN UNNEST(@licenses) AS wanted_license WITH OFFSET AS restrictiveness ON licenses.license = wanted_license
),
in_place AS (
  SELECT
    commits.commit,
    ANY_VALUE(changed.old_path) AS old_file,
    ANY_VALUE(changed.new_path) AS new_file,
    ANY_VALUE(IFNULL(changed.old_sha1, '')) AS old_sha1,
    ANY_VALUE(IFNULL(changed.new_sha1, '')) AS new_sha1
  FROM `bigquery-public-data.github_repos.commits` AS commits
  CROSS JOIN UNNEST(commits.difference) AS changed
  WHERE changed.old_path IS NOT NULL
    AND changed.old_path = changed.new_path
    AND CHAR_LENGTH(commits.message) > 5
    AND CHAR_LENGTH(commits.message) < 10000
    AND LOWER(TRIM(commits.message, ' \t\r\n')) NOT IN (SELECT noise FROM UNNEST(@noise_messages) AS noise)
    AND NOT STARTS_WITH(LOWER(TRIM(commits.message, ' \t\r\n')), @noise_prefix)
    AND NOT IFNULL(commits.difference_truncated, FALSE)
  GROUP BY commits.commit
  HAVING COUNT(*) = 1
)
SELECT
  commits.commit,
  ANY_VALUE(commits.subject) AS subject,
  ANY_VALUE(commits.message) AS message,
  STRING_AGG(DISTINCT wanted.repo_name, ',' ORDER BY wanted.repo_name) AS repos,
  IF(
    @license_choice = 'most_restrictive',
    MAX_BY(wanted.license, wanted.restrictiveness),
    MIN_BY(wanted.license, wanted.repo_name)
  ) AS license,
  STRING_AGG(DISTINCT wanted.license, ',' ORDER BY wanted.license) AS licenses,
  ANY_VALUE(in_place.old_file) AS old_file,
  ANY_VALUE(in_place.new_file) AS new_file,
  IFNULL(ANY_VALUE(commits.parent[SAFE_OFFSET(0)]), '') AS parent,
  ANY_VALUE(in_place.old_sha1) AS old_sha1,
  ANY_VALUE(in_place.new_sha1) AS new_sha1
FROM `bigquery-public-data.github_repos.commits` AS commits
CROSS JOIN UNNEST(commits.repo_name) AS unnested_repo_name
JOIN in_place ON in_place.commit = commits.commit
JOIN wanted_repositories AS wanted ON wanted.repo_name = unnested_repo_name
GROUP BY commits.commit
