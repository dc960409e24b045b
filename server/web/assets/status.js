'use strict';

const fields = 'uid,name,status,import_status,import_progress,import_failure_reason,export_status,backup_status,module_list,endpoints,reimport';

// Milliseconds until the next look at the server; one longer pause after each look that fails.
const pace = { running: 1000, resting: 5000, hidden: 60000, failing: [1000, 2000, 4000, 8000, 15000, 30000] };
const patience = 10000;

const statuses = {
  'pending': 'The database is being created.',
  'active-change-pending': 'A change of the database is pending.',
  'delete-pending': 'The database is being deleted.',
  'import-pending': 'An import is about to run or to end.',
  'creation-failed': 'The creation of the database failed.',
  'recovery': 'Its Redis does not answer, or has still to be emptied after a failed import.',
};

const reasons = {
  'download-error': 'A file could not be fetched: it is not there, its server cannot be reached or refuses the credentials.',
  'file-corrupted': 'A file is damaged, cut short, or not an RDB file.',
  'general-error': 'Something else ended the import, a stop of the server for instance. The server’s log says more.',
  'key-too-long': 'A key in a file is longer than the 512 MiB that Redis takes.',
  'invalid-bulk-length': 'A value in a file is longer than the 512 MiB that Redis takes.',
  'out-of-memory': 'The database reached its memory limit while it was loaded.',
};

const element = (id) => document.getElementById(id);
const rows = new Map(); // by uid
let session = null; // the login, in memory alone: {email, authorization} and what learn() finds out
let turn = 0; // of the newest look; what an older one brings is out of date
let timer = 0;
let failures = 0;

class Refused extends Error {
  constructor(status, body) {
    super(body?.description || `the server answered with status ${status}`);
    this.status = status;
  }
}

// `credentials: omit` keeps the browser from answering a 401 with a dialog of its own.
async function call(who, method, path) {
  const response = await fetch(path, {
    method, headers: { Authorization: who.authorization }, credentials: 'omit', cache: 'no-store', redirect: 'error',
    signal: AbortSignal.timeout(patience),
  });
  const text = await response.text();
  let body = null;
  try { body = text ? JSON.parse(text) : null; } catch { /* a proxy's page, for instance */ }
  if (!response.ok) throw new Refused(response.status, body);
  return body;
}

const resetPath = (uid) => `/v1/bdbs/${uid}/actions/import_reset_status`;

// learn finds out what the user may do and which modules can be restored. A restarted server may know others.
async function learn(who) {
  const modules = await call(who, 'GET', '/v1/modules');
  who.restorable = new Set(modules.filter((m) => m.capabilities.includes('backup_restore')).map((m) => m.uid));
  who.mayReset = await mayReset(who);
  who.learned = true;
}

// No database has the uid 0, and permission is checked before parameters: this asks for the permission and does nothing.
async function mayReset(who) {
  try {
    await call(who, 'PUT', resetPath(0));
  } catch (e) {
    if (e.status === 400) return true;
    if (e.status === 403) return false;
    throw e;
  }
  return true;
}

async function read(who) {
  if (!who.learned) await learn(who);
  return call(who, 'GET', `/v1/bdbs?fields=${fields}`);
}

async function look() {
  clearTimeout(timer);
  const mine = ++turn;
  try {
    const bdbs = await read(session);
    if (mine !== turn) return;
    say('connection', failures > 0 ? 'Reachable again.' : '');
    failures = 0;
    show(bdbs);
  } catch (e) {
    if (mine === turn) fail(e);
  }
}

function fail(e) {
  if (e.status === 401) return logOut('The server no longer accepts this login. Log in again.');
  if (e.status === 403) return logOut('The role of this user may not see databases.');
  session.learned = false;
  const pause = pace.failing[Math.min(failures++, pace.failing.length - 1)];
  say('connection', e.status ? `The server has a problem: ${e.message}. Trying again.` : 'The server is not reachable. Trying again.');
  element('overview').classList.add('stale');
  again(pause);
}

function again(pause) {
  timer = setTimeout(look, document.hidden ? pace.hidden : pause);
}

const running = (bdb) => bdb.import_status === 'initializing' || bdb.import_status === 'importing';

function show(bdbs) {
  const overview = element('overview');
  overview.hidden = false;
  overview.classList.remove('stale');
  element('role').hidden = session.mayReset;
  element('none').hidden = bdbs.length > 0;
  const uids = new Set(bdbs.map((bdb) => bdb.uid));
  for (const [uid, row] of rows) {
    if (!uids.has(uid)) { row.item.remove(); rows.delete(uid); }
  }
  bdbs.forEach((bdb, i) => showDatabase(bdb, i));
  again(bdbs.some(running) ? pace.running : pace.resting);
}

function showDatabase(bdb, position) {
  if (!rows.has(bdb.uid)) rows.set(bdb.uid, newRow(bdb.uid));
  const row = rows.get(bdb.uid);
  const list = element('databases');
  if (list.children[position] !== row.item) list.insertBefore(row.item, list.children[position] ?? null);
  const importStatus = bdb.import_status || 'idle';
  write(row.part('h2'), bdb.name);
  write(row.part('.plane'), plane(bdb));
  mark(row.part('.status'), bdb.status);
  mark(row.part('.import-status'), importStatus);
  showCourse(row, bdb);
  showAction(row, bdb);
  const state = [bdb.status, importStatus, bdb.import_failure_reason, bdb.export_status, bdb.backup_status].join();
  if (row.answered && row.answered !== state) answer(row, '', false);
  row.state = state;
}

function newRow(uid) {
  const item = element('database').content.firstElementChild.cloneNode(true);
  const row = { uid, item, state: '', answered: '', part: (selector) => item.querySelector(selector) };
  row.part('.uid').textContent = `uid ${uid}`;
  row.part('.reset').addEventListener('click', () => reset(row));
  return row;
}

// plane says what is behind a database, and where clients connect if that is a Redis.
function plane(bdb) {
  const kind = bdb.reimport?.data_plane || '';
  const at = bdb.endpoints?.[0];
  if (!at || kind === 'simulated') return kind;
  const host = at.addr[0];
  return `${kind}, ${at.port && host.includes(':') ? `[${host}]` : host}${at.port ? `:${at.port}` : ''}`;
}

function showCourse(row, bdb) {
  const reason = bdb.import_status === 'failed' ? bdb.import_failure_reason : '';
  const percent = Math.floor(bdb.import_progress || 0);
  const bar = row.part('progress');
  const waiting = bdb.import_status === 'initializing' && percent === 0;
  row.part('.course').hidden = !running(bdb) && !reason;
  row.part('.meter').hidden = !running(bdb) && percent === 0;
  bar.setAttribute('aria-label', `Import into ${bdb.name}`);
  if (waiting) bar.removeAttribute('value');
  else bar.value = percent;
  write(row.part('.percent'), waiting ? 'fetching and checking' : reason ? `ended at ${percent} %` : `${percent} %`);
  write(row.part('.speed'), running(bdb) ? speed(bdb, secondsLeft(row, bdb)) : '');
  write(row.part('.reason'), reason ? explain(reason) : '');
  write(row.part('.code code'), reason);
}

function speed(bdb, left) {
  const { import_keys: keys, import_total_keys: total, import_keys_per_second: rate } = bdb.reimport || {};
  const parts = [];
  if (total > 0) parts.push(`${count(keys)} of ${count(total)} keys`);
  if (rate > 0) parts.push(`${count(rate)} keys/s`);
  if (left > 0) parts.push(`${time(left)} left`);
  return parts.join(', ');
}

// secondsLeft estimates by the progress since the first look if the server does not.
function secondsLeft(row, bdb) {
  const percent = bdb.import_progress;
  if (bdb.reimport?.import_seconds_left > 0) return bdb.reimport.import_seconds_left;
  if (!(percent > 0)) return 0;
  if (!row.first || percent < row.first.percent) row.first = { percent, at: performance.now() };
  if (percent === row.first.percent) return 0;
  return Math.round((performance.now() - row.first.at) / 1000 * (100 - percent) / (percent - row.first.percent));
}

const count = (n) => n.toLocaleString('en');

function time(seconds) {
  const minutes = Math.round(seconds / 60);
  if (seconds < 100) return `${seconds}\u00a0s`;
  return minutes < 100 ? `${minutes}\u00a0min` : `${Math.floor(minutes / 60)}\u00a0h ${minutes % 60}\u00a0min`;
}

function showAction(row, bdb) {
  const why = whyNot(bdb);
  const button = row.part('.reset');
  if (why && document.activeElement === button) row.item.focus();
  button.hidden = Boolean(why);
  button.setAttribute('aria-label', `Reset the import status of ${bdb.name}`);
  write(row.part('.why'), why);
}

// whyNot says why there is nothing to press, in the order in which the server would refuse.
function whyNot(bdb) {
  const lacking = (bdb.module_list || []).find((m) => !session.restorable.has(m.module_id));
  if (lacking) return `No reset: the module ${lacking.module_name} lacks backup_restore.`;
  if (running(bdb)) return 'No reset while an import runs.';
  if (bdb.export_status === 'exporting') return 'No reset while an export runs.';
  if (bdb.backup_status === 'exporting') return 'No reset while a backup runs.';
  if (bdb.status !== 'active') return `No reset now. ${statuses[bdb.status] || ''}`;
  if (!bdb.import_status || bdb.import_status === 'idle') return 'Nothing to reset.';
  return session.mayReset ? '' : 'Your role may not reset it.';
}

function explain(reason) {
  const [kind, expected, limit] = reason.split(':');
  if (kind !== 'file-larger-than-mem-limit') return reasons[kind] || '';
  return `The data would take about ${size(expected)}, and the database may take ${size(limit)}.`;
}

function size(bytes) {
  const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];
  const power = bytes < 1024 ? 0 : Math.min(Math.floor(Math.log2(bytes) / 10), units.length - 1);
  return `${(bytes / 1024 ** power).toLocaleString('en', { maximumFractionDigits: power ? 1 : 0 })}\u00a0${units[power]}`;
}

async function reset(row) {
  if (row.busy) return;
  row.busy = true;
  const who = session;
  try {
    await call(who, 'PUT', resetPath(row.uid));
    answer(row, 'Reset: the import status is idle.', false);
  } catch (e) {
    answer(row, e.status ? `Not reset: ${e.message}.` : 'The server did not answer, so this may or may not be reset.', true);
    if (e.status === 403) who.mayReset = false;
  }
  row.busy = false;
  if (session === who) await look();
  row.answered = row.state;
}

// answer says what came of a reset. It stands until the database changes again.
function answer(row, text, refused) {
  row.answered = '';
  row.part('.result').classList.toggle('error', refused);
  write(row.part('.result'), text);
}

// write leaves what has not changed alone, so that nothing is read out twice.
function write(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

function mark(node, status) {
  write(node, status);
  node.dataset.status = status;
}

function say(id, text) { write(element(id), text); }

async function logIn(event) {
  event.preventDefault();
  const email = element('email').value;
  const utf8 = new TextEncoder().encode(`${email}:${element('password').value}`);
  const who = { email, authorization: `Basic ${btoa(String.fromCharCode(...utf8))}` };
  say('login-error', '');
  element('submit').disabled = true;
  try {
    enter(who, await read(who));
  } catch (e) {
    say('login-error', refusedLogin(e));
    element('password').select();
  }
  element('submit').disabled = false;
}

function refusedLogin(e) {
  switch (e.status) {
    case 401: return 'Email or password is wrong. After a few failures, a user is locked out for a while.';
    case 403: return 'The role of this user may not see databases.';
    case undefined: return 'The server is not reachable. Try again in a moment.';
  }
  return `The server has a problem: ${e.message}.`;
}

function enter(who, bdbs) {
  session = who;
  element('login').hidden = true;
  element('login').reset();
  element('account').hidden = false;
  say('user', who.email);
  show(bdbs);
  document.querySelector('h1').focus();
}

function logOut(why) {
  session = null;
  turn++;
  clearTimeout(timer);
  failures = 0;
  rows.clear();
  element('databases').replaceChildren();
  element('overview').hidden = true;
  element('account').hidden = true;
  element('login').hidden = false;
  say('connection', '');
  say('login-error', why);
  element('email').focus();
}

element('login').addEventListener('submit', logIn);
element('logout').addEventListener('click', () => logOut(''));
document.addEventListener('visibilitychange', () => { if (session && !document.hidden) look(); });
logOut('');
