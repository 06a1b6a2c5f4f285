"""Words that people write to each other, in both languages.

Two lists help to tell a message that begins like a command from a command with a slip in it:
`EVERYDAY`, common words and those that look like the name of a command, and `SENTENCE`, the small
words that sentences are made of and arguments are not. A word that is missing makes the bot ask
once too often; it never makes it post.
"""

EVERYDAY = frozenset(
    """
a abend aber abgestellt able abonnements abonnenten abonniert abos about above absolvieren
abstellen across actresses actually address addressed addresses adresse adressen again agency ago
agreed ahead all alle allein allem allen aller allerseits alles almost alone along already als
also alt alten always am amount amounts an and andere anderen anders anfang angestellt
angestellte angestellten angst another ans anstelle anstellen answer antwort any anybody anyone
anything anyway arbeit arbeiten are area arguing around as ask asked ast at atop auch audi audio
audit audits auf aufstellen aus ausstellen auto außerdem aversion away back bad bahn bald bar
basieren baustelle baustellen be beautiful because been beer befestigen before begin behind
behinderungen beide beim beispiel bekommen believing belästigen benötigen beschädigen beschäftigen
beseitigen besichtigen besser best beste besteigen bestell bestelle bestellen bestellt bestellte
bestellten bestreiten bestritten bestätige bestätigen bestätigt bestätigte bestätigten bestätigung
better betätigen betätigt betätigung bewahre bewahren bewältigen bier big bild bin bing bis bisher
bisschen bist bit bitte blast bleiben bleibt board bold book both brace brauch brauche brauchen
braucht brave bread break bring broke broken brot bruder bräuchte build bus business but button by
bäume call called calls came can cancels cannes car card care case cast cause center centre
certain chance chances change changes channel channels chat check chef city class clear
close closed code coffee cold coles come comes coming company complaining complete conferences
confirm confirms conform control cookie cookies cool copy corner could country couple course cup
cute da dabei dafür dagegen daheim dahin damals damit danach daneben dank danke dann daran darf
darin dark darum das dass data date day days dazu dead deal dear debt deeds dein deine dem den
denn department der descriptions deshalb desk dich did die dienstag differences different ding
dinge dinner dir do doch doctor does doing done donnerstag door dort down drei dresses drill drink
drive du durch during duty dürfen each early east easy eat eating egal eher eigentlich eight ein
eine einem einen einer eines einfach eingedrungen einige einmal else email end ende endlich engine
engines enough entire entsetzen er erinnere erinnern erinnerst erinnert erinnerte erinnerung
erinnerungen ersetzen erst erste ersten es especially essen etwas euch euer even evening event
ever every everybody everyone everything everywhere exactly expert export exporte exports eye face
fact fahren failed fair fall falsch family fand far fast favor favors favour favoured favours feds
feed feel feels fees feier feierabend ferien fertig fest festigen few fifteen file files film
final finally find finde finden fine fing fire first five floor food for forever forget fortsetzen
fortsetzung fortuna fortune fortunes fortzusetzen found four frage fragen free freitag fresh
freund freunde freut friday friend friends from front früh früher full fun funny für game games
ganz ganze ganzen gar garantiert gast gave geben gebraucht gefunden gegen gehen geholfen geholt
geht gehts gehört geld gemacht genau general genug gerade geringere gern gerne gesagt geschafft
gesehen gestern gestrigen gesucht get gets getting gewesen gibt ging girl give given glaube gleich
glück go god goes going gone good goods got grace great green group groß große guess gut gute
guten guy guys hab habe haben had halb half hallo halt haltestelle haltestellen hand handels hands
hannes happen happened happy hard has hast hat hate hatte hatten hause haustiere have having he
head heap hear heard heiter heißt held helfe hell hello helm help helps hemp her here heute
heutigen hey hi hier high hilde hilf hilfe hilfen hilft him hin hing hinter his hoch hoffe hold
holes holiday home hope horses hotel hour hours house how huge hundred hunter hunting hurry hätte
ich idea if ihm ihn ihnen ihr ihre im immer import important importe imports in ing innere ins
inscriptions inside instead into is issue ist it ja jahr jahre jahren je jede jeden jeder jemand
jetzt job join joke just kaffee kalt kam kann kannst kanäle kanälen kaputt kassieren keep kein
keine keinen key keys kid kids kind kinder king klar klein kleine knew know komme kommen kommt
konnte kopf kuchen kurz können könnte könnten lady lange langsam large las lash lass lassen lasst
last lasts lat late later laughing laut law lazy least leave leben leeds left leider leise leiter
less lessons lest let letter leute level library license lieber lief liegt life light lights like
likely line lines links list little live log lol long look looking looks looms los lost lot
lots loud louder love low luft lunch lust löst machen machine machst macht made mag mahlzeiten
mail main make makes making mal man manchmal mann many march massieren mast mate matrix matter
matters may maybe me meal mean meeting mehr mein meine meinen meiner meisten men mensch menschen
menu merry message messages met mich middle might mind ming minute minuten minutes mir miss
missing mit miteinander mittag mittagessen mittwoch mode moment moments monat monday money montag
month months more morgen morning most mother move moved movie much mule muse music musik muss must
mut mute muted mutter müssen nach nachher nacht naht name natürlich near nearly neben need needed
needs nein nett neu neue neuen never new news next nice nicht nichts nie niemand night nine no
nobody noch nochmal noise none nonsense noon normal not notes nothing notice now number numbers
nun nur nächste nächsten nächstes nötig ob oben oder of off offer office oft often oh ohne ok okay
old on once one ones only open or orders ort other others our out outside over own paar page paper
papiere papieren part parties parts party passe passieren passiert passierte past pause paused
pausen pauses pausiere pausieren pay people perfect person phone photo photos picture piece
pig pin pine ping pings pink pins pint pizza place places plan plans platz play playing please
plötzlich png point poles pollen pong possible post power precedence preference preferences
prescriptions presume pretty price prima print probably problem probleme problems project
präferenzen put pünktlich queue quick quickly quiet quilt quit quite quo race rain raining
rasieren rast raus reach read reader readers reading ready real really reason recht rechts red
referees reference referenced references referenten referenzen regen reicht reiter release
remainder remind reminded reminder reminders reminds renders report rest result results resume
resumed resumes reverence rewind richtig right ring road robes rohe role roles rolex rolle rolled
rollen roller rolls roms roofs room rooms roots ropes roses roten rotes rotten round route routed
routen router routes rude rue rufe rufen ruh ruhe ruhen ruhig ruhm ruhr ruht rule rules rumors
rumours run runde running ruse räume räumen räumt räumte sache sachen sad safe sagen sagt said
sale same samstag sanft saturday satz saw say saying says schade schlecht schlimm schnee schnell
schon school schule schwer schön schöne schönes scout screaming screen search season second see
seeds seem seems seen sehen sehr sei sein seine seit seite seiten selbst self send sent serious
service set seven several shall she shoot shop short shot should shout shouting shouts show shut
sich sicher side sie sieht sign signs simple since sind sing sister sit six sky sleep slow small
smoking snow so sofort sogar solche soles soll sollen sollte some somebody someone something
sometimes sommer son song sonne sonntag sonst soon sorry sound sounds space spamming spaß special
spell spiel spinning spreading spät später squad stand starch start started starting state states
stats statt statue statues status staus stay stehen steht stelle step still stop stopp
stoppt stops stores stories story stout straße street stuff stunde stunden stück subscribed
subscriber subscribers subscription subscriptions such suche summer sun sunday sunny super sure
surprise system table tag tage tagen take taken takes taking talk talking tax taxes tea team
teasing teil tell teller tellers temporarily ten tennis test than thank thanks that the their them
then there thing things think third this those though thought thousand three through throwing
thursday till time times ting tired tisch to today together token tokens told toll tollen tomorrow
tones tonight too took top tor tories total touch tough town trace traced tracer traces tracey
track tract tracy trade trades trage trail trails train trance traue tree treffen tried trip
trotzdem trouble truce true try trying träume tuesday tun turn tut twenty twice two type tätigen
tür uhr uhrzeit um und under understand unmut uns unser unsere unten unter unterwegs until up
update updates upon urlaub us use used useful ute vast vater versetzen version versions very
veränderungen via video viel viele vielen vielleicht vier view visit voice voll vollen vom von vor
vorbei vorher vorne wagen wahr wait waiter waiting walk wall wann want wanted war waren warte
warten warum was wasser watch water way we weather wednesday weeds week weekend weeks weg wegen
weiber weiher weil weiler weiner weiser weit weite weitem weiten weiter weitere weiters welche
well welp wenig weniger wenn went wer werde werden were wetter what wheel when where which while
white who whole why wide wie wieder wife will win window wing winter wir wird wirklich wissen with
within without wo woche wochen wochenende wohl wollen wollte woman won wonder word worden words
work working works world worry worrying worse worst wort worte would wow writer wrong wunderbar
wurde während wäre würde yeah year years yelling yelp yes yesterday yet you young your
zeit zeiten ziemlich zimmer zone zu zubereiten zuerst zug zum zur zurück zusammen zwei zweiter
zwischen über übrigens
""".split()
)

SENTENCE = frozenset(
    """
although am anybody anyone are aren't because been being bin bist can't cannot cant could couldn't
daher damit darf das dein deine deinen dich did didn't dies diese diesen dieser dieses do doch
does doesn't doesnt don't dont du er es euch euer eure everybody everyone geht's gehts gibt gibt's
habe haben had hadn't has hasn't hast hat hatte hatten have haven't he he's here herself himself
how hätte i i'd i'll i'm i've ich ihm ihn ihnen ihr im is isn't isnt ist it it's its itself jemand
kann kannst kein keine keinen können könnt könnte let's man may mein meine meinem meinen mich
might mine muss musst must my myself müssen nicht niemand nobody ob obwohl our ours seid sein
seine shall she she's should shouldn't sich sie sind soll sollen sollte somebody someone than
their them themselves there there's these they they're this those though u uns unser unsere us war
waren warum was wasn't we we'll we're we've weil wenn wer werden were weren't what what's who
who's whose why wie wieso will wir wird won't wont would wouldn't wurde wäre würde you you'll
you're you've your yours yourself yourselves
""".split()
)

CALLS = frozenset(
    {"quiet", "ruhe", "pause", "pausiere", "weiter", "confirm", "bestätige", "bestätigen"}
)
"""Names of commands that people call to each other, with a please behind."""
JOINING = frozenset({"and", "or", "but", "und", "oder", "aber"})
"""Words that no argument begins with."""

_SIGNS = ".,;:!?…\"'“”„()"


def bare(word: str) -> str:
    """A word to be compared, without the signs around it."""
    return word.casefold().replace("’", "'").strip(_SIGNS)


def is_prose(text: str) -> bool:
    """Whether a text has words that only sentences have."""
    return any(bare(word) in SENTENCE for word in text.split())
