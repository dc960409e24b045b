// Holds openapi.yaml, and controls.yaml beside it, against readers and tools of other languages, and shows that each of them would refuse a bad one.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';

import SwaggerParser from '@apidevtools/swagger-parser';
import spectralCore from '@stoplight/spectral-core';
import spectralParsers from '@stoplight/spectral-parsers';
import * as jsYAML from 'js-yaml';
import openapiTS, { astToString } from 'openapi-typescript';
import ts from 'typescript';
import * as YAML from 'yaml';

import ruleset from './spectral.mjs';

const here = (name) => fileURLToPath(new URL(name, import.meta.url));
const root = here('../..');
const text = readFileSync(join(root, 'openapi.yaml'), 'utf8');
const copies = mkdtempSync(join(tmpdir(), 'contract'));
after(() => rmSync(copies, { recursive: true }));

// Many tools still read YAML 1.1, so a text has to mean the same in both versions.
const readers = {
  'yaml, as YAML 1.2': (text) => YAML.parse(text),
  'yaml, as YAML 1.1': (text) => YAML.parse(text, { version: '1.1' }),
  'js-yaml': (text) => jsYAML.load(text),
};

// run returns the output of a command that got input, or an error with all that the command said.
function run(command, args, input = '') {
  return new Promise((resolve, reject) => {
    const env = { ...process.env, REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' };
    const child = execFile(command, args, { cwd: root, env, maxBuffer: 1 << 26 }, (err, stdout, stderr) =>
      err ? reject(new Error(stdout + stderr)) : resolve(stdout));
    child.stdin.end(input);
  });
}

// disagreements returns, for each of texts, what keeps its readers from reading alike.
async function disagreements(texts) {
  const ours = JSON.parse(await run('go', ['run', './internal/contract/tojson'], JSON.stringify(texts)));
  return texts.map((text, i) => {
    if (ours[i].error) return [`the server: ${ours[i].error}`];
    const found = ambiguous(text);
    for (const [name, parse] of Object.entries(readers)) {
      try {
        const theirs = JSON.parse(JSON.stringify(parse(text)));
        found.push(...differences(ours[i].value, theirs, '').map((d) => `${name}: ${d}`));
      } catch (err) {
        found.push(`${name}: ${err.message}`);
      }
    }
    return found;
  });
}

// differences returns where two JSON values differ.
function differences(ours, theirs, path) {
  if (typeof ours !== 'object' || typeof theirs !== 'object' || !ours || !theirs || Array.isArray(ours) !== Array.isArray(theirs)) {
    return Object.is(ours, theirs) ? [] : [`${path} is ${JSON.stringify(theirs)}, the server reads ${JSON.stringify(ours)}`];
  }
  const keys = new Set([...Object.keys(ours), ...Object.keys(theirs)]);
  return [...keys].flatMap((key) => differences(ours[key], theirs[key], `${path}/${key}`));
}

// ambiguous returns the unquoted texts with a colon in a flow mapping, such as URLs: YAML 1.1 does not have them, and some
// of its readers refuse them.
function ambiguous(text) {
  const found = [];
  YAML.visit(YAML.parseDocument(text), {
    Scalar(_, node, path) {
      if (node.type === 'PLAIN' && node.source.includes(':') && path.some((parent) => parent.flow)) {
        found.push(`${node.source} needs quotes`);
      }
    },
  });
  return found;
}

// none fails with the first of the findings.
function none(found) {
  if (found.length) throw new Error(found.slice(0, 20).join('\n'));
}

const controls = join(root, 'internal/control/controls.yaml');

test('all readers read the same', async () => none((await disagreements([text, readFileSync(controls, 'utf8')])).flat()));

test('a text that readers read differently is found', async () => {
  const damage = [
    ['{<<: {a: 1}, b: 2}', /YAML 1.2: [^]*js-yaml: /],
    ['{url: https://example.com/}', /needs quotes/],
    ['yes', /YAML 1.1: /],
    ['1:1', /YAML 1.1: /],
    ['010', /YAML 1.2: /],
    ['0o10', /YAML 1.1: /],
    ['1_000', /YAML 1.2: /],
    ['2026-01-01', /YAML 1.2: /],
    ['{a: 1, a: 2}', /the server: [^]*already defined/],
    ['{a: "yes", b: "https://example.com/", c: 1e3, d: null}', /^$/],
  ];
  const found = await disagreements(damage.map(([value]) => `openapi: 3.0.3\nx-value: ${value}\n`));
  damage.forEach(([value, want], i) => assert.match(found[i].join('\n'), want, value));
});

const lines = (err) => err.message.split('\n');

// What each tool finds wrong with a file.
const tools = {
  redocly: (file) => run(here('node_modules/.bin/redocly'), ['lint', '--config', join(root, 'redocly.yaml'), file]).then(() => [], lines),

  spectral: async (file) => {
    const spectral = new spectralCore.Spectral();
    spectral.setRuleset(ruleset);
    const found = await spectral.run(new spectralCore.Document(readFileSync(file, 'utf8'), spectralParsers.Yaml, file));
    return found.map((r) => `line ${r.range.start.line + 1}: ${r.code}: ${r.message}`);
  },

  'swagger-parser': (file) => SwaggerParser.validate(file).then(() => [], lines),

  'openapi-typescript': async (file) => {
    try {
      writeFileSync(here('openapi.d.ts'), astToString(await openapiTS(pathToFileURL(file), { silent: true })));
    } catch (err) {
      return lines(err);
    }
    const options = { strict: true, noEmit: true, types: [], lib: ['lib.es2022.d.ts'], skipDefaultLibCheck: true };
    const program = ts.createProgram([here('usage.ts')], options);
    return ts.getPreEmitDiagnostics(program).map((d) => ts.formatDiagnostic(d, ts.createCompilerHost(options)));
  },
};

for (const [name, findings] of Object.entries(tools)) {
  test(`${name} accepts the contract`, async () => none(await findings(join(root, 'openapi.yaml'))));

  // usage.ts, which openapi-typescript is tried with, is about the API alone.
  if (name !== 'openapi-typescript') {
    test(`${name} accepts the contract of the controls`, async () => none(await findings(controls)));
  }

  test(`${name} refuses a contract with a dangling reference`, async () => {
    const file = join(copies, `${name}.yaml`);
    writeFileSync(file, text.replace('schemas/BDBCreate"', 'schemas/Nothing"'));
    assert.notDeepEqual(await findings(file), []);
  });
}
