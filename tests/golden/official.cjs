// Reads MJML from standard input and writes the official MJML's HTML to standard output.
// Anything that its strict validation reports ends with status 1 and the report.
const mjml2html = require('mjml');

let source = '';
process.stdin.setEncoding('utf8');
process.stdin.on('data', (chunk) => { source += chunk; });
process.stdin.on('end', () => {
  try {
    const { html } = mjml2html(source, { validationLevel: 'strict', fonts: {}, keepComments: true });
    process.stdout.write(html);
  } catch (error) {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  }
});
