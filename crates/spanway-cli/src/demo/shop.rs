//! The bookshop's state and rules: stock, orders, reviews. All bounded, since anyone may call the demo.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::catalog::{CATALOG, Title};
use super::model::{
    BestSeller, Book, BookDetails, BookPage, Genre, NewLine, NewOrder, NewReview, Order, OrderLine,
    OrderStatus, Review, SalesReport, Search, Shelf, Shelves,
};
use super::problem::Problem;

const LIMIT_DEFAULT: usize = 10;
const LIMIT_MAX: usize = 50;
const LINES_MAX: usize = 20;
const QUANTITY_MAX: u32 = 10;
const ORDERS_MAX: usize = 10_000;
const REVIEWS_PER_BOOK_MAX: usize = 100;
const TEXT_CHARS_MAX: usize = 2_000;
const NAME_CHARS_MAX: usize = 200;
const BEST_SELLERS_MAX: usize = 5;

/// The bookshop.
pub(super) struct Shop {
    records: Mutex<Records>,
}

/// What changes while the shop is open.
#[derive(Default)]
struct Records {
    sold: BTreeMap<&'static str, u32>,
    reviews: BTreeMap<&'static str, Vec<Review>>,
    orders: BTreeMap<String, Order>,
}

impl Shop {
    pub(super) fn open() -> Self {
        Self {
            records: Mutex::default(),
        }
    }

    pub(super) fn search(&self, search: &Search) -> Result<BookPage, Problem> {
        let limit = search.limit.unwrap_or(LIMIT_DEFAULT);
        if !(1..=LIMIT_MAX).contains(&limit) {
            let detail = format!("limit must be between 1 and {LIMIT_MAX}");
            return Err(Problem::invalid(detail));
        }
        // NaN and infinity can be written in a query, but not in JSON.
        let is_price = |price: f64| price.is_finite() && price >= 0.0;
        if !search.max_price.is_none_or(is_price) {
            return Err(Problem::invalid("max_price must be a number from 0 on"));
        }
        let offset = search.offset.unwrap_or(0);
        let found: Vec<&Title> = CATALOG.iter().filter(|it| matches(it, search)).collect();
        let records = self.records();
        let page = found.iter().skip(offset).take(limit);
        Ok(BookPage {
            total: found.len(),
            offset,
            books: page.map(|title| records.book(title)).collect(),
        })
    }

    pub(super) fn book(&self, id: &str) -> Result<BookDetails, Problem> {
        let title = find(id)?;
        let records = self.records();
        let others = CATALOG
            .iter()
            .filter(|other| other.author == title.author && other.id != title.id);
        Ok(BookDetails {
            book: records.book(title),
            reviews: records.reviews.get(title.id).cloned().unwrap_or_default(),
            by_the_same_author: others.map(|other| records.book(other)).collect(),
        })
    }

    pub(super) fn add_review(&self, id: &str, review: NewReview) -> Result<Review, Problem> {
        let title = find(id)?;
        if !(1..=5).contains(&review.rating) {
            return Err(Problem::invalid("rating must be between 1 and 5"));
        }
        let reviewer = review.reviewer.unwrap_or_else(|| "a reader".to_owned());
        check_text("text", &review.text, TEXT_CHARS_MAX)?;
        check_text("reviewer", &reviewer, NAME_CHARS_MAX)?;
        let review = Review {
            rating: review.rating,
            text: review.text,
            reviewer,
        };
        let mut records = self.records();
        let reviews = records.reviews.entry(title.id).or_default();
        if reviews.len() >= REVIEWS_PER_BOOK_MAX {
            let detail = format!("{:?} has all the reviews it can hold", title.title);
            return Err(Problem::conflict(detail));
        }
        reviews.push(review.clone());
        Ok(review)
    }

    pub(super) fn place_order(&self, order: NewOrder) -> Result<Order, Problem> {
        check_email(&order.customer_email)?;
        if let Some(note) = &order.gift_note {
            check_text("gift_note", note, TEXT_CHARS_MAX)?;
        }
        let copies = copies(&order.lines)?;
        let mut records = self.records();
        if records.orders.len() >= ORDERS_MAX {
            return Err(Problem::conflict("the order book is full"));
        }
        if let Some((title, _)) = copies.iter().find(|(it, n)| records.in_stock(it) < *n) {
            let left = records.in_stock(title);
            let detail = format!("only {left} copies of {:?} are left", title.title);
            return Err(Problem::conflict(detail));
        }
        for (title, quantity) in &copies {
            *records.sold.entry(title.id).or_default() += quantity;
        }
        let id = format!("order-{}", records.orders.len() + 1);
        let total: u32 = copies
            .iter()
            .map(|(it, quantity)| it.cents * quantity)
            .sum();
        let order = Order {
            id: id.clone(),
            status: OrderStatus::Placed,
            lines: copies.iter().map(order_line).collect(),
            total: euros(total),
            customer_email: order.customer_email,
            gift_note: order.gift_note,
        };
        records.orders.insert(id, order.clone());
        Ok(order)
    }

    pub(super) fn order(&self, id: &str) -> Result<Order, Problem> {
        let records = self.records();
        records.orders.get(id).cloned().ok_or_else(|| no_order(id))
    }

    /// Cancelling twice is as good as once.
    pub(super) fn cancel_order(&self, id: &str) -> Result<Order, Problem> {
        let mut records = self.records();
        let order = records.orders.get_mut(id).ok_or_else(|| no_order(id))?;
        let stood = std::mem::replace(&mut order.status, OrderStatus::Cancelled);
        let order = order.clone();
        if stood == OrderStatus::Placed {
            for line in &order.lines {
                let sold = records.sold.entry(line.book_id).or_default();
                *sold = sold.saturating_sub(line.quantity);
            }
        }
        Ok(order)
    }

    pub(super) fn sales(&self, took_seconds: u64) -> SalesReport {
        let records = self.records();
        let mut sold: Vec<(&Title, u32)> = CATALOG
            .iter()
            .filter_map(|title| Some((title, *records.sold.get(title.id)?)))
            .filter(|(_, copies)| *copies > 0)
            .collect();
        sold.sort_by_key(|(_, copies)| std::cmp::Reverse(*copies));
        let standing = |order: &&Order| order.status == OrderStatus::Placed;
        SalesReport {
            took_seconds,
            orders: records.orders.values().filter(standing).count(),
            books_sold: sold.iter().map(|(_, copies)| copies).sum(),
            revenue: euros(sold.iter().map(|(it, copies)| it.cents * copies).sum()),
            best_sellers: sold
                .iter()
                .take(BEST_SELLERS_MAX)
                .map(best_seller)
                .collect(),
        }
    }

    fn records(&self) -> MutexGuard<'_, Records> {
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Records {
    fn in_stock(&self, title: &Title) -> u32 {
        let sold = self.sold.get(title.id).copied().unwrap_or(0);
        title.stock.saturating_sub(sold)
    }

    fn book(&self, title: &Title) -> Book {
        let ratings = self.reviews.get(title.id).into_iter().flatten();
        let (count, sum) = ratings.fold((0_u32, 0_u32), |(count, sum), review| {
            (count + 1, sum + u32::from(review.rating))
        });
        Book {
            id: title.id,
            title: title.title,
            author: title.author,
            year: title.year,
            genre: title.genre,
            price: euros(title.cents),
            pages: title.pages,
            in_stock: self.in_stock(title),
            series: title.series,
            average_rating: (count > 0).then(|| f64::from(sum) / f64::from(count)),
        }
    }
}

fn find(id: &str) -> Result<&'static Title, Problem> {
    let found = CATALOG.iter().find(|title| title.id == id);
    found.ok_or_else(|| Problem::not_found(format!("there is no book with the id {id:?}")))
}

fn no_order(id: &str) -> Problem {
    Problem::not_found(format!("there is no order with the id {id:?}"))
}

/// Every word of the query stands in the title, the author or the series.
fn matches(title: &Title, search: &Search) -> bool {
    let series = title.series.map_or("", |series| series.name);
    let text = format!("{} {} {series}", title.title, title.author).to_lowercase();
    let query = search.query.as_deref().unwrap_or_default().to_lowercase();
    query.split_whitespace().all(|word| text.contains(word))
        && search.genre.is_none_or(|genre| genre.holds(title.genre))
        && search
            .max_price
            .is_none_or(|price| euros(title.cents) <= price)
}

/// All shelves, as the tree they form.
pub(super) fn genres() -> Shelves {
    Shelves {
        genres: Genre::TOP.into_iter().map(shelf).collect(),
    }
}

fn shelf(genre: Genre) -> Shelf {
    let books = CATALOG.iter().filter(|title| genre.holds(title.genre));
    Shelf {
        id: genre,
        title: genre.title(),
        books: books.count(),
        children: genre.children().iter().copied().map(shelf).collect(),
    }
}

/// The titles of an order, each once, with the copies wanted of it.
fn copies(lines: &[NewLine]) -> Result<Vec<(&'static Title, u32)>, Problem> {
    if lines.is_empty() || lines.len() > LINES_MAX {
        let detail = format!("an order has between 1 and {LINES_MAX} lines");
        return Err(Problem::invalid(detail));
    }
    let mut copies: Vec<(&'static Title, u32)> = Vec::new();
    for line in lines {
        if !(1..=QUANTITY_MAX).contains(&line.quantity) {
            let detail = format!("quantity must be between 1 and {QUANTITY_MAX}");
            return Err(Problem::invalid(detail));
        }
        let title = find(&line.book_id)?;
        match copies.iter_mut().find(|(other, _)| other.id == title.id) {
            Some((_, quantity)) => *quantity += line.quantity,
            None => copies.push((title, line.quantity)),
        }
    }
    Ok(copies)
}

fn order_line((title, quantity): &(&'static Title, u32)) -> OrderLine {
    OrderLine {
        book_id: title.id,
        title: title.title,
        quantity: *quantity,
        price: euros(title.cents),
    }
}

fn best_seller((title, copies): &(&'static Title, u32)) -> BestSeller {
    BestSeller {
        book_id: title.id,
        title: title.title,
        copies: *copies,
    }
}

fn check_text(field: &str, text: &str, chars_max: usize) -> Result<(), Problem> {
    if text.trim().is_empty() || text.chars().count() > chars_max {
        let detail = format!("{field} must have between 1 and {chars_max} characters");
        return Err(Problem::invalid(detail));
    }
    Ok(())
}

fn check_email(email: &str) -> Result<(), Problem> {
    let is_plausible = email
        .split_once('@')
        .is_some_and(|(name, host)| !name.is_empty() && !host.is_empty())
        && email.len() <= NAME_CHARS_MAX
        && !email.contains(char::is_whitespace);
    if is_plausible {
        Ok(())
    } else {
        Err(Problem::invalid("customer_email is not an e-mail address"))
    }
}

fn euros(cents: u32) -> f64 {
    f64::from(cents) / 100.0
}
