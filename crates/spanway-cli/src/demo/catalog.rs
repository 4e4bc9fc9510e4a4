//! What is on the shelves when the shop opens: classics in the public domain, and two cookbooks by authors
//! nobody ever met.

use super::model::{Genre, Series};

/// A title and how many copies there are.
pub(super) struct Title {
    pub(super) id: &'static str,
    pub(super) title: &'static str,
    pub(super) author: &'static str,
    pub(super) year: u16,
    pub(super) genre: Genre,
    pub(super) cents: u32,
    pub(super) pages: u16,
    pub(super) stock: u32,
    pub(super) series: Option<Series>,
}

/// Every title.
pub(super) const CATALOG: &[Title] = &[
    title(
        "pride-and-prejudice",
        "Pride and Prejudice",
        "Jane Austen",
        1813,
        Genre::Classics,
    )
    .sold_at(890, 432, 120),
    title("emma", "Emma", "Jane Austen", 1815, Genre::Classics).sold_at(950, 474, 80),
    title(
        "persuasion",
        "Persuasion",
        "Jane Austen",
        1817,
        Genre::Classics,
    )
    .sold_at(790, 249, 60),
    title(
        "middlemarch",
        "Middlemarch",
        "George Eliot",
        1871,
        Genre::Classics,
    )
    .sold_at(1490, 880, 40),
    title(
        "great-expectations",
        "Great Expectations",
        "Charles Dickens",
        1861,
        Genre::Classics,
    )
    .sold_at(990, 544, 75),
    title(
        "bleak-house",
        "Bleak House",
        "Charles Dickens",
        1853,
        Genre::Classics,
    )
    .sold_at(1290, 1017, 30),
    title(
        "moby-dick",
        "Moby-Dick",
        "Herman Melville",
        1851,
        Genre::Adventure,
    )
    .sold_at(1250, 635, 65),
    title(
        "jane-eyre",
        "Jane Eyre",
        "Charlotte Brontë",
        1847,
        Genre::Gothic,
    )
    .sold_at(920, 532, 90),
    title(
        "wuthering-heights",
        "Wuthering Heights",
        "Emily Brontë",
        1847,
        Genre::Gothic,
    )
    .sold_at(890, 416, 85),
    title("dracula", "Dracula", "Bram Stoker", 1897, Genre::Gothic).sold_at(850, 418, 110),
    title(
        "frankenstein",
        "Frankenstein",
        "Mary Shelley",
        1818,
        Genre::Gothic,
    )
    .sold_at(790, 280, 130),
    title(
        "turn-of-the-screw",
        "The Turn of the Screw",
        "Henry James",
        1898,
        Genre::Gothic,
    )
    .sold_at(650, 131, 45),
    title(
        "study-in-scarlet",
        "A Study in Scarlet",
        "Arthur Conan Doyle",
        1887,
        Genre::Mystery,
    )
    .sold_at(690, 123, 100)
    .part_of("Sherlock Holmes", 1),
    title(
        "sign-of-the-four",
        "The Sign of the Four",
        "Arthur Conan Doyle",
        1890,
        Genre::Mystery,
    )
    .sold_at(690, 129, 95)
    .part_of("Sherlock Holmes", 2),
    title(
        "hound-of-the-baskervilles",
        "The Hound of the Baskervilles",
        "Arthur Conan Doyle",
        1902,
        Genre::Mystery,
    )
    .sold_at(780, 174, 105)
    .part_of("Sherlock Holmes", 5),
    title(
        "moonstone",
        "The Moonstone",
        "Wilkie Collins",
        1868,
        Genre::Mystery,
    )
    .sold_at(1050, 528, 50),
    title(
        "woman-in-white",
        "The Woman in White",
        "Wilkie Collins",
        1860,
        Genre::Mystery,
    )
    .sold_at(1090, 672, 45),
    title(
        "time-machine",
        "The Time Machine",
        "H. G. Wells",
        1895,
        Genre::ScienceFiction,
    )
    .sold_at(590, 118, 140),
    title(
        "war-of-the-worlds",
        "The War of the Worlds",
        "H. G. Wells",
        1898,
        Genre::ScienceFiction,
    )
    .sold_at(720, 192, 120),
    title(
        "twenty-thousand-leagues",
        "Twenty Thousand Leagues Under the Seas",
        "Jules Verne",
        1870,
        Genre::ScienceFiction,
    )
    .sold_at(980, 394, 70)
    .part_of("Captain Nemo", 1),
    title(
        "mysterious-island",
        "The Mysterious Island",
        "Jules Verne",
        1875,
        Genre::ScienceFiction,
    )
    .sold_at(1120, 493, 40)
    .part_of("Captain Nemo", 2),
    title(
        "around-the-world",
        "Around the World in Eighty Days",
        "Jules Verne",
        1872,
        Genre::Adventure,
    )
    .sold_at(750, 252, 90),
    title(
        "treasure-island",
        "Treasure Island",
        "Robert Louis Stevenson",
        1883,
        Genre::Adventure,
    )
    .sold_at(690, 292, 115),
    title(
        "kidnapped",
        "Kidnapped",
        "Robert Louis Stevenson",
        1886,
        Genre::Adventure,
    )
    .sold_at(720, 312, 50),
    title(
        "three-musketeers",
        "The Three Musketeers",
        "Alexandre Dumas",
        1844,
        Genre::Adventure,
    )
    .sold_at(1190, 704, 55)
    .part_of("D'Artagnan", 1),
    title(
        "twenty-years-after",
        "Twenty Years After",
        "Alexandre Dumas",
        1845,
        Genre::Adventure,
    )
    .sold_at(1190, 880, 25)
    .part_of("D'Artagnan", 2),
    title(
        "call-of-the-wild",
        "The Call of the Wild",
        "Jack London",
        1903,
        Genre::Adventure,
    )
    .sold_at(590, 172, 85),
    title(
        "alice-in-wonderland",
        "Alice's Adventures in Wonderland",
        "Lewis Carroll",
        1865,
        Genre::Children,
    )
    .sold_at(650, 192, 150)
    .part_of("Alice", 1),
    title(
        "through-the-looking-glass",
        "Through the Looking-Glass",
        "Lewis Carroll",
        1871,
        Genre::Children,
    )
    .sold_at(650, 224, 100)
    .part_of("Alice", 2),
    title(
        "wind-in-the-willows",
        "The Wind in the Willows",
        "Kenneth Grahame",
        1908,
        Genre::Children,
    )
    .sold_at(790, 259, 95),
    title(
        "secret-garden",
        "The Secret Garden",
        "Frances Hodgson Burnett",
        1911,
        Genre::Children,
    )
    .sold_at(760, 331, 80),
    title(
        "wizard-of-oz",
        "The Wonderful Wizard of Oz",
        "L. Frank Baum",
        1900,
        Genre::Children,
    )
    .sold_at(690, 259, 110)
    .part_of("Oz", 1),
    title(
        "marvelous-land-of-oz",
        "The Marvelous Land of Oz",
        "L. Frank Baum",
        1904,
        Genre::Children,
    )
    .sold_at(690, 287, 60)
    .part_of("Oz", 2),
    title(
        "origin-of-species",
        "On the Origin of Species",
        "Charles Darwin",
        1859,
        Genre::Nature,
    )
    .sold_at(1190, 502, 40),
    title(
        "voyage-of-the-beagle",
        "The Voyage of the Beagle",
        "Charles Darwin",
        1839,
        Genre::Nature,
    )
    .sold_at(1250, 524, 30),
    title(
        "walden",
        "Walden",
        "Henry David Thoreau",
        1854,
        Genre::Nature,
    )
    .sold_at(820, 352, 65),
    title(
        "meditations",
        "Meditations",
        "Marcus Aurelius",
        180,
        Genre::Philosophy,
    )
    .sold_at(750, 254, 125),
    title("republic", "The Republic", "Plato", 1888, Genre::Philosophy).sold_at(990, 416, 70),
    title(
        "on-liberty",
        "On Liberty",
        "John Stuart Mill",
        1859,
        Genre::Philosophy,
    )
    .sold_at(690, 187, 45),
    title(
        "vindication",
        "A Vindication of the Rights of Woman",
        "Mary Wollstonecraft",
        1792,
        Genre::Philosophy,
    )
    .sold_at(840, 269, 55),
    title(
        "decline-and-fall",
        "The Decline and Fall of the Roman Empire",
        "Edward Gibbon",
        1776,
        Genre::History,
    )
    .sold_at(1990, 1312, 20),
    title(
        "peloponnesian-war",
        "History of the Peloponnesian War",
        "Thucydides",
        1874,
        Genre::History,
    )
    .sold_at(1390, 648, 25),
    title(
        "interesting-narrative",
        "The Interesting Narrative",
        "Olaudah Equiano",
        1789,
        Genre::History,
    )
    .sold_at(880, 294, 35),
    title(
        "household-management",
        "The Book of Household Management",
        "Isabella Beeton",
        1861,
        Genre::Cooking,
    )
    .sold_at(1590, 1112, 15),
    title(
        "sourdough-by-candlelight",
        "Sourdough by Candlelight",
        "Odile Maribrook",
        2019,
        Genre::Cooking,
    )
    .sold_at(1850, 208, 50),
    title(
        "salt-smoke-patience",
        "Salt, Smoke and Patience",
        "Tomas Veldhuyn",
        2022,
        Genre::Cooking,
    )
    .sold_at(2150, 264, 35),
];

const fn title(
    id: &'static str,
    title: &'static str,
    author: &'static str,
    year: u16,
    genre: Genre,
) -> Title {
    Title {
        id,
        title,
        author,
        year,
        genre,
        cents: 0,
        pages: 0,
        stock: 0,
        series: None,
    }
}

impl Title {
    const fn sold_at(mut self, cents: u32, pages: u16, stock: u32) -> Self {
        self.cents = cents;
        self.pages = pages;
        self.stock = stock;
        self
    }

    const fn part_of(mut self, name: &'static str, position: u8) -> Self {
        self.series = Some(Series { name, position });
        self
    }
}
