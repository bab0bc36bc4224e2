//! Scores of encrypted rows in Rust: score PUBLIC_KEY FUNCTION_KEY BATCH [SIGNER], the last one in hexadecimal.
use std::ffi::{c_char, c_int, CStr};
use std::ptr::null;

#[repr(C)]
struct Call {
    cancelled: i32,
    status: i32,
    message: [c_char; 1016],
}
#[repr(C)]
struct Opaque([u8; 0]);

#[link(name = "pyfe")]
extern "C" {
    fn pyfe_status_name(status: i32) -> *const c_char;
    fn pyfe_public_key_load(data: *const u8, size: u64, fingerprint: *const c_char, key: *mut *mut Opaque, call: *mut Call) -> c_int;
    fn pyfe_function_key_load(data: *const u8, size: u64, by: *const Opaque, key: *mut *mut Opaque, call: *mut Call) -> c_int;
    fn pyfe_batch_load(data: *const u8, size: u64, signer: *const u8, batch: *mut *mut Opaque, call: *mut Call) -> c_int;
    fn pyfe_batch_rows(batch: *const Opaque) -> u64;
    fn pyfe_function_key_functions(key: *const Opaque) -> u64;
    fn pyfe_decrypt(key: *const Opaque, batch: *const Opaque, now: i64, scores: *mut i64, decisions: *mut f64, capacity: u64, call: *mut Call) -> c_int;
    fn pyfe_public_key_free(key: *mut Opaque);
    fn pyfe_function_key_free(key: *mut Opaque);
    fn pyfe_batch_free(batch: *mut Opaque);
}

/// One call; its status as a `Result`.
fn attempt(run: impl FnOnce(&mut Call) -> c_int) -> Result<(), String> {
    let mut call = Call { cancelled: 0, status: 0, message: [0; 1016] };
    let status = run(&mut call);
    if status == 0 {
        return Ok(());
    }
    let text = |pointer| unsafe { CStr::from_ptr(pointer) }.to_string_lossy();
    Err(format!("{}: {}", text(unsafe { pyfe_status_name(status) }), text(call.message.as_ptr())))
}

/// An object of libpyfe, freed when it goes.
struct Owned(*mut Opaque, unsafe extern "C" fn(*mut Opaque));
impl Drop for Owned {
    fn drop(&mut self) {
        unsafe { (self.1)(self.0) }
    }
}

fn load(free: unsafe extern "C" fn(*mut Opaque), run: impl FnOnce(*mut *mut Opaque, &mut Call) -> c_int) -> Result<Owned, String> {
    let mut object = std::ptr::null_mut();
    attempt(|call| run(&mut object, call))?;
    Ok(Owned(object, free))
}

fn signer_of(text: &str) -> Result<Vec<u8>, String> {
    let digits = |at| u8::from_str_radix(text.get(at..at + 2).unwrap_or("?"), 16).map_err(|error| error.to_string());
    (0..64).step_by(2).map(digits).collect()
}

fn run(arguments: &[String]) -> Result<(), String> {
    let [public_key, function_key, batch, signer @ ..] = arguments else {
        return Err("score PUBLIC_KEY FUNCTION_KEY BATCH [SIGNER]".into());
    };
    let read = |path: &String| std::fs::read(path).map_err(|error| format!("{path}: {error}"));
    let signer = signer.first().map(|text| signer_of(text)).transpose()?;

    let data = read(public_key)?;
    let public_key = load(pyfe_public_key_free, |out, call| unsafe {
        pyfe_public_key_load(data.as_ptr(), data.len() as u64, null(), out, call)
    })?;
    let data = read(function_key)?;
    let key = load(pyfe_function_key_free, |out, call| unsafe {
        pyfe_function_key_load(data.as_ptr(), data.len() as u64, public_key.0, out, call)
    })?;
    let data = read(batch)?;
    let batch = load(pyfe_batch_free, |out, call| unsafe {
        pyfe_batch_load(data.as_ptr(), data.len() as u64, signer.as_ref().map_or(null(), |key| key.as_ptr()), out, call)
    })?;

    let count = unsafe { pyfe_batch_rows(batch.0) * pyfe_function_key_functions(key.0) };
    let (mut scores, mut decisions) = (vec![0i64; count as usize], vec![0f64; count as usize]);
    attempt(|call| unsafe { pyfe_decrypt(key.0, batch.0, -1, scores.as_mut_ptr(), decisions.as_mut_ptr(), count, call) })?;
    for (score, decision) in scores.iter().zip(&decisions) {
        println!("{score} {decision}");
    }
    Ok(())
}

fn main() {
    if let Err(words) = run(&std::env::args().skip(1).collect::<Vec<_>>()) {
        eprintln!("{words}");
        std::process::exit(1);
    }
}
