"""Sentences of our own for synthetic voices: what the encoder that ships learns from besides recordings.

A key is a voice of espeak-ng. Everyday sentences, each language in its own script (Mandarin in pinyin, which every build
of espeak-ng reads), chosen to hold most of its sounds.
"""

from __future__ import annotations

PHRASES: dict[str, tuple[str, ...]] = {
    "en-us": (
        "Please put the blue paper box by the back window before five.",
        "My mother bought warm milk and brown bread from the shop above the bridge.",
        "We thought the whole thing over while the fire was burning low.",
        "How many people have you met who would jump from a moving boat?",
        "The judge asked them to show where each sheep had been found.",
        "Every June, young farmers measure the usual rainfall for the village.",
    ),
    "en-gb": (
        "Perhaps Bob could bring a map, a pump and a few plum puddings.",
        "She was sure the vision would vanish once the music began.",
        "Nothing moved in the empty farmhouse but a thin grey mouse.",
        "Would you mind opening the bathroom window halfway, please?",
        "The weather over the northern hills changed five times on Thursday.",
    ),
    "en-gb-scotland": (
        "Bring the porridge up from the farm before it grows cold.",
        "We walked around the loch for an hour and heard nobody at all.",
        "The weaver promised her five yards of purple cloth.",
    ),
    "de": (
        "Bitte bring mir morgen früh die blaue Mappe vom Bahnhof mit.",
        "Wir wollten über die schöne alte Brücke gehen, aber es begann zu regnen.",
        "Fünf junge Männer öffneten vorsichtig die schwere Tür zum Keller.",
        "Manchmal hört man abends im Dorf noch die Pferde und die Vögel.",
        "Das Publikum klatschte, pfiff und rief laut nach einer Zugabe.",
    ),
    "fr": (
        "Bonjour, je voudrais une petite boîte de biscuits pour ma mère.",
        "Le pauvre homme buvait un verre de vin blanc sous le pont.",
        "Nous avons marché longtemps au bord du fleuve avant de trouver un bon chemin.",
        "Quelques jeunes femmes chantaient une chanson que personne ne connaissait.",
    ),
    "es": (
        "Mi abuelo compró un barco pequeño para pescar por la bahía.",
        "El viento del norte sopla muy fuerte cuando empieza el invierno.",
        "¿Puedes poner los vasos y los platos limpios en la mesa, por favor?",
        "Llegamos temprano, pero la plaza ya estaba llena de gente joven.",
    ),
    "it": (
        "Prima di partire, il bambino beve sempre un bicchiere d'acqua fredda.",
        "La vecchia fabbrica produceva scarpe morbide per tutta la famiglia.",
        "Domani vorrei comprare qualche pomodoro maturo e un pezzo di formaggio.",
    ),
    "pt-br": (
        "Meu pai comprou um bom pão e uma garrafa de vinho para o jantar.",
        "As crianças brincavam na praia enquanto o vento soprava devagar.",
        "Amanhã vamos abrir a porta nova da biblioteca às nove horas.",
    ),
    "nl": (
        "Mijn broer bouwde een prachtige boot van oud hout en papier.",
        "Vanmorgen vroeg scheen de zon nog boven het brede water.",
        "Wil je alsjeblieft even het kleine bovenraam dichtdoen?",
    ),
    "pl": (
        "Poproszę pięć bułek, pół kilo pomidorów i butelkę świeżego mleka.",
        "Wieczorem cała rodzina zbiera się przy dużym stole i rozmawia.",
        "Przez most przejechał powoli pusty pociąg pośpieszny.",
    ),
    "ru": (
        "Пожалуйста, поставьте большую белую вазу подальше от окна.",
        "Моя бабушка живёт в маленьком посёлке у широкой реки.",
        "Завтра утром мы поедем на поезде в другой город.",
    ),
    "cmn-latn-pinyin": (
        "qing3 ba3 na4 ben3 lan2 se4 de5 bi3 ji4 ben3 fang4 zai4 men2 pang2 bian1 de5 zhuo1 zi5 shang4",
        "ming2 tian1 zao3 shang4 wo3 men5 yi4 qi3 qu4 bei3 jing1 zuo4 huo3 che1 kan4 peng2 you3 ba5",
        "ta1 ma1 ma5 mai3 le5 ba1 ge4 ping2 guo3, ban4 jin1 pu2 tao2 he2 yi4 ping2 bai2 jiu3",
        "jin1 tian1 feng1 hen3 da4, wai4 mian4 you4 xia4 yu3 le5, ni3 bie2 wang4 le5 dai4 san3",
        "zhe4 ge4 wen4 ti2 fei1 chang2 zhong4 yao4, xu1 yao4 da4 jia1 man4 man4 de5 xiang3 qing1 chu5 zai4 hui2 da2",
        "wan3 fan4 yi3 hou4 ba4 ba5 xi3 huan1 pao3 bu4, mei4 mei5 ai4 kan4 dong4 wu4 jie2 mu4",
    ),
    "yue": (
        "今日天氣好好，我哋一齊去公園行下啦。",
        "媽媽買咗八個蘋果同埋一包白米返屋企。",
    ),
    "ja": (
        "あしたの あさ、ともだちと ばすで うみへ いきます。",
        "まどの そばに ある あおい かばんを もってきて ください。",
        "ぼくの いもうとは まいばん ほんを よんでから ねます。",
    ),
    "ko": (
        "내일 아침에 친구와 함께 버스를 타고 바다에 갑니다.",
        "어머니는 시장에서 배와 포도를 많이 사 오셨습니다.",
        "문 옆에 있는 파란 가방을 가져다 주세요.",
    ),
    "ar": (
        "من فضلك ضع الكتاب الأزرق بجانب الباب قبل المساء.",
        "ذهبت أمي إلى السوق واشترت خبزا وبعض الفواكه.",
    ),
    "hi": (
        "कृपया नीली किताब दरवाज़े के पास वाली मेज़ पर रख दीजिए।",
        "मेरी माँ बाज़ार से फल और ताज़ी सब्ज़ी लेकर आई।",
        "कल सुबह हम बस से अपने पुराने गाँव जाएँगे।",
    ),
    "tr": (
        "Lütfen mavi kitabı pencerenin yanındaki büyük masaya bırak.",
        "Annem pazardan beş elma, biraz peynir ve taze ekmek aldı.",
        "Yarın sabah vapurla karşıya geçip arkadaşlarımızı göreceğiz.",
    ),
    "sv": (
        "Min bror köpte en blå båt och fem små fiskar på marknaden.",
        "Varje morgon promenerar hon över bron för att hämta mjölk.",
    ),
    "cs": (
        "Prosím, polož tu modrou knihu na stůl vedle dveří.",
        "Moje babička každé ráno peče výborný chléb pro celou vesnici.",
    ),
    "hu": (
        "Kérem, tegye a kék könyvet az ablak melletti asztalra.",
        "Édesanyám a piacon vett öt almát és egy kevés friss vajat.",
    ),
    "el": (
        "Παρακαλώ βάλε το μπλε βιβλίο πάνω στο μεγάλο τραπέζι.",
        "Αύριο το πρωί θα πάμε μαζί με το πλοίο στο νησί.",
    ),
    "vi": (
        "Ngày mai chúng tôi đi xe buýt ra biển với bạn bè.",
        "Mẹ tôi mua năm quả táo và một ít bánh mì ở chợ.",
    ),
    "id": (
        "Tolong letakkan buku biru itu di atas meja dekat pintu.",
        "Besok pagi kami pergi ke pasar membeli buah dan ikan.",
    ),
    "sw": (
        "Tafadhali weka kitabu cha bluu juu ya meza karibu na mlango.",
        "Mama yangu alinunua matunda mengi sokoni leo asubuhi.",
    ),
}  # fmt: skip
