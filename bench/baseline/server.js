// A secret provider as one would write it in an afternoon: express and jsonwebtoken, doing what
// Northflank's public demo does, with its three settings. It is a peer of script/bench, no part of
// sutler, and must not be run for real: its secret has a default.
'use strict';

const express = require('express');
const jwt = require('jsonwebtoken');

const host = process.env.HOST || '0.0.0.0';
const port = process.env.PORT || 8080;
const secret = process.env.SECRET || 'APP_SECRET';

function entriesFor({ projectId, nfObjectId, nfObjectType }) {
  return [
    {
      type: 'FILE',
      path: '/test-file',
      data: `Secret file of ${nfObjectType} ${nfObjectId} in project ${projectId}\n`,
    },
    { type: 'ENV', key: 'SECRET_ENV_1', value: 'VALUE_1' },
    { type: 'ENV', key: 'SECRET_ENV_2', value: 'VALUE_2' },
    { type: 'ENV', key: 'PROJECT_ID', value: projectId },
    { type: 'ENV', key: 'OBJECT_ID', value: nfObjectId },
    { type: 'ENV', key: 'OBJECT_TYPE', value: nfObjectType },
  ];
}

const app = express();

app.get('/', (request, response) => {
  let claims;
  try {
    claims = jwt.verify((request.headers.authorization || '').replace('Bearer ', ''), secret);
  } catch {
    response.status(401).send('Unauthorized');
    return;
  }
  response.send(JSON.stringify({ secrets: entriesFor(claims) }));
});

const server = app.listen(port, host, () => {
  // Port 0 is whatever was free: the line tells which.
  console.log(JSON.stringify({ provider: `http://${host}:${server.address().port}` }));
});
