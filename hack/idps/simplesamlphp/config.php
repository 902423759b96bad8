<?php

// SimpleSAMLphp as one identity provider. What differs between runs comes from the environment that simplesamlphp.sh sets.
$state = getenv('STATE');
$port = parse_url(getenv('BASE'), PHP_URL_PORT);

$config = [
    'baseurlpath' => getenv('BASE') . '/',
    'certdir' => "$state/cert/",
    'loggingdir' => "$state/log/",
    'datadir' => "$state/data/",
    'tempdir' => "$state/tmp",
    'secretsalt' => trim(file_get_contents("$state/salt")),
    'auth.adminpassword' => bin2hex(random_bytes(16)), // nobody's
    'technicalcontact_name' => 'test',
    'technicalcontact_email' => 'na@example.org',
    'timezone' => 'UTC',
    'language.default' => 'en',
    'language.available' => ['en'],

    'showerrors' => true,
    'errorreporting' => false,
    'logging.level' => SimpleSAML\Logger::NOTICE,
    'logging.handler' => 'file',
    'logging.logfile' => 'simplesamlphp.log',

    'enable.saml20-idp' => true,
    'module.enable' => ['exampleauth' => true, 'core' => true, 'saml' => true],
    'admin.protectmetadata' => false,
    'trusted.url.domains' => null,
    'metadata.sources' => [['type' => 'flatfile', 'directory' => __DIR__ . '/metadata']],

    // Cookies know no ports: the names keep apart the providers that run on one host.
    'store.type' => 'phpsession',
    'session.duration' => 28800,
    'session.cookie.name' => "SSP$port",
    'session.cookie.secure' => false,
    'session.cookie.samesite' => null,
    'session.phpsession.cookiename' => "SSPP$port",
    'session.phpsession.savepath' => "$state/sessions",
    'session.phpsession.httponly' => true,
    'session.authtoken.cookiename' => "SSPT$port",
];
