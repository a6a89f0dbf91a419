-- The licence map, fixed: each repository that is named in the metadata, once, and the licence of its own.
SELECT DISTINCT named AS repos, licenses.license
FROM commitpack_metadata AS metadata
CROSS JOIN UNNEST(SPLIT(metadata.repos, ',')) AS named
JOIN `bigquery-public-data.github_repos.licenses` AS licenses ON licenses.repo_name = named
