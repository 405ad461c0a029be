output "id" {
  value = local.id
}

output "storage" {
  value = var.storage
}
