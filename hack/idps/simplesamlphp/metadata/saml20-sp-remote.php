<?php

// Each file in sps is one service provider: its whole metadata document, and the options that go over what that says.
foreach (glob(getenv('STATE') . '/sps/*.json') as $file) {
    $registered = json_decode(file_get_contents($file), true);
    $sp = SimpleSAML\Metadata\SAMLParser::parseString($registered['metadata'])->getMetadata20SP();
    $metadata[$sp['entityid']] = array_merge($sp, $registered['options']);
}
