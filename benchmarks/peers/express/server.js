'use strict';

// The hook as Express and opening_hours.js make it: open or not, and whose number it is.
// Run as `node server.js HAND_OVER.json`, it serves until it is ended; it prints its port.

const { timingSafeEqual } = require('node:crypto');
const { readFileSync } = require('node:fs');
const express = require('express');
const OpeningHours = require('opening_hours');

const KEEPALIVE_MILLISECONDS = 75_000;
const OWN_ZONE = process.env.TZ;

// opening_hours.js knows no zones, it reads a date's local time. For a place elsewhere it gets a
// date that shows here what clocks show there.
function clockOf(zone) {
  if (zone === OWN_ZONE) {
    return (moment) => moment;
  }
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  return (moment) => {
    const shown = {};
    for (const { type, value } of format.formatToParts(moment)) {
      shown[type] = Number(value);
    }
    const { year, month, day, hour, minute, second } = shown;
    return new Date(year, month - 1, day, hour, minute, second);
  };
}

// `085…`, `003185…` and `3185…`, as trunks deliver them, become `+3185…`.
function normalise(number) {
  if (number.startsWith('+')) {
    return number;
  }
  if (number.startsWith('00')) {
    return `+${number.slice(2)}`;
  }
  return number.startsWith('0') ? `+31${number.slice(1)}` : `+${number}`;
}

function buildApp({ token, schedules, numbers }) {
  const clocks = new Map();
  for (const { timezone } of schedules) {
    if (!clocks.has(timezone)) {
      clocks.set(timezone, clockOf(timezone));
    }
  }
  const lines = schedules.map(({ id, name, timezone, hours }) => ({
    schedule: id,
    scheduleName: name,
    clock: clocks.get(timezone),
    hours: new OpeningHours(hours, null),
  }));
  const lineOf = new Map();
  for (const [number, place] of Object.entries(numbers)) {
    lineOf.set(number, lines[place]);
  }
  const expected = Buffer.from(`Bearer ${token}`);

  function isAllowed(request) {
    const sent = Buffer.from(request.headers.authorization ?? '');
    return sent.length === expected.length && timingSafeEqual(sent, expected);
  }

  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.get('/hook', (request, response) => {
    if (!isAllowed(request)) {
      response.status(401).json({ status: 'unknown', reason: 'unauthorized' });
      return;
    }
    const { did } = request.query;
    if (typeof did !== 'string') {
      response.status(400).json({ status: 'unknown', reason: 'bad-request' });
      return;
    }
    const line = lineOf.get(normalise(did));
    if (line === undefined) {
      response.json({ status: 'unknown', schedule: '', schedule_name: '', reason: 'unknown-number' });
      return;
    }
    response.json({
      status: line.hours.getState(line.clock(new Date())) ? 'open' : 'closed',
      schedule: line.schedule,
      schedule_name: line.scheduleName,
      reason: 'hours',
    });
  });
  return app;
}

const app = buildApp(JSON.parse(readFileSync(process.argv[2], 'utf8')));
const server = app.listen(0, '127.0.0.1', () => {
  process.stdout.write(`${server.address().port}\n`);
});
server.keepAliveTimeout = KEEPALIVE_MILLISECONDS;
