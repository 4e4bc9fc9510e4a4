//! What travels over the bookshop's API; `openapi.json` describes the same in JSON Schema.

use serde::{Deserialize, Serialize};

/// The shelves. `Fiction` and `Nonfiction` hold the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Genre {
    Fiction,
    Classics,
    Gothic,
    Mystery,
    ScienceFiction,
    Adventure,
    Children,
    Nonfiction,
    History,
    Nature,
    Philosophy,
    Cooking,
}

impl Genre {
    pub(super) const TOP: [Self; 2] = [Self::Fiction, Self::Nonfiction];

    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Fiction => "Fiction",
            Self::Classics => "Classics",
            Self::Gothic => "Gothic tales",
            Self::Mystery => "Mystery",
            Self::ScienceFiction => "Science fiction",
            Self::Adventure => "Adventure",
            Self::Children => "Children's books",
            Self::Nonfiction => "Nonfiction",
            Self::History => "History",
            Self::Nature => "Nature",
            Self::Philosophy => "Philosophy",
            Self::Cooking => "Cooking",
        }
    }

    pub(super) fn children(self) -> &'static [Self] {
        match self {
            Self::Fiction => &[
                Self::Classics,
                Self::Mystery,
                Self::ScienceFiction,
                Self::Adventure,
                Self::Children,
            ],
            Self::Classics => &[Self::Gothic],
            Self::Nonfiction => &[Self::History, Self::Nature, Self::Philosophy, Self::Cooking],
            _ => &[],
        }
    }

    /// Whether a book of `other` stands on this shelf or on one within it.
    pub(super) fn holds(self, other: Self) -> bool {
        self == other || self.children().iter().any(|child| child.holds(other))
    }
}

/// A shelf and the shelves within it.
#[derive(Debug, Serialize)]
pub(super) struct Shelf {
    pub(super) id: Genre,
    pub(super) title: &'static str,
    /// Books on it, those on the shelves within included.
    pub(super) books: usize,
    pub(super) children: Vec<Self>,
}

/// All shelves.
#[derive(Debug, Serialize)]
pub(super) struct Shelves {
    pub(super) genres: Vec<Shelf>,
}

/// A book as it is listed.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Book {
    pub(super) id: &'static str,
    pub(super) title: &'static str,
    pub(super) author: &'static str,
    pub(super) year: u16,
    pub(super) genre: Genre,
    pub(super) price: f64,
    pub(super) pages: u16,
    pub(super) in_stock: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) series: Option<Series>,
    /// `null` without reviews.
    pub(super) average_rating: Option<f64>,
}

/// Where a book stands in a series.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct Series {
    pub(super) name: &'static str,
    pub(super) position: u8,
}

/// A book with what others say of it and what else there is by its author.
#[derive(Debug, Serialize)]
pub(super) struct BookDetails {
    #[serde(flatten)]
    pub(super) book: Book,
    pub(super) reviews: Vec<Review>,
    pub(super) by_the_same_author: Vec<Book>,
}

/// One page of what was found.
#[derive(Debug, Serialize)]
pub(super) struct BookPage {
    /// Books found in all.
    pub(super) total: usize,
    pub(super) offset: usize,
    pub(super) books: Vec<Book>,
}

/// The query of `search_books`.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Search {
    pub(super) query: Option<String>,
    pub(super) genre: Option<Genre>,
    pub(super) max_price: Option<f64>,
    pub(super) limit: Option<usize>,
    pub(super) offset: Option<usize>,
}

/// The form of `add_review`.
#[derive(Debug, Deserialize)]
pub(super) struct NewReview {
    pub(super) rating: u8,
    pub(super) text: String,
    pub(super) reviewer: Option<String>,
}

/// What a reader said of a book.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Review {
    pub(super) rating: u8,
    pub(super) text: String,
    pub(super) reviewer: String,
}

/// The body of `place_order`.
#[derive(Debug, Deserialize)]
pub(super) struct NewOrder {
    pub(super) lines: Vec<NewLine>,
    pub(super) customer_email: String,
    pub(super) gift_note: Option<String>,
}

/// So many copies of a book.
#[derive(Debug, Deserialize)]
pub(super) struct NewLine {
    pub(super) book_id: String,
    #[serde(default = "one")]
    pub(super) quantity: u32,
}

fn one() -> u32 {
    1
}

/// An order as the shop keeps it.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Order {
    pub(super) id: String,
    pub(super) status: OrderStatus,
    pub(super) lines: Vec<OrderLine>,
    pub(super) total: f64,
    pub(super) customer_email: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) gift_note: Option<String>,
}

/// Whether an order still stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum OrderStatus {
    Placed,
    Cancelled,
}

/// One book of an order, at the price it was ordered at.
#[derive(Debug, Clone, Serialize)]
pub(super) struct OrderLine {
    pub(super) book_id: &'static str,
    pub(super) title: &'static str,
    pub(super) quantity: u32,
    pub(super) price: f64,
}

/// The query of `sales_report`.
#[derive(Debug, Deserialize)]
pub(super) struct ReportSettings {
    #[serde(default = "three")]
    pub(super) seconds: u64,
}

fn three() -> u64 {
    3
}

/// What was sold since the shop opened.
#[derive(Debug, Serialize)]
pub(super) struct SalesReport {
    pub(super) took_seconds: u64,
    pub(super) orders: usize,
    pub(super) books_sold: u32,
    pub(super) revenue: f64,
    pub(super) best_sellers: Vec<BestSeller>,
}

/// A book and how often it was sold.
#[derive(Debug, Serialize)]
pub(super) struct BestSeller {
    pub(super) book_id: &'static str,
    pub(super) title: &'static str,
    pub(super) copies: u32,
}
