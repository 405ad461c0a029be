output "id" {
  value = local.id
}

output "cidr" {
  value = var.cidr
}
